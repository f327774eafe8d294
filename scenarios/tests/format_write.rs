//! A scenario that is written down reads as the same scenario, here and in `ron`.

mod common;

use common::{BASE, Zoo};
use proptest::{prelude::*, test_runner::RngSeed};
use scenarios::{format::*, read::read, write::write};
use serde::{Serialize, de::DeserializeOwned};
use sim_core::{
    check::register::Guarantee,
    fault::{Fault, Keep, Pick},
    link::LinkPlan,
    plan::{DiskPlan, HostPlan, Timers},
    rng::Chance,
    sample::Delay,
    time::{Span, Time},
};
use std::fmt::Debug;

#[test]
fn the_base_file_in_full() {
    let scenario = read("base.ron", BASE, &Zoo).unwrap_or_else(|found| panic!("{found}"));
    let written = write(&scenario);
    common::golden("written.ron", &written);
    let again = read("written.ron", &written, &Zoo).unwrap_or_else(|found| panic!("{found}"));
    assert_eq!(again, scenario);
}

#[test]
fn a_file_with_nothing_but_what_it_needs() {
    let text = "(about: \"x\", seed: 0, until: \"1s\", services: {\"a\": (run: \"balancer\", nodes: 1)}, \
                network: (delay: Constant(\"1ms\")), expect: [Linearizable])";
    let scenario = read("least.ron", text, &Zoo).unwrap_or_else(|found| panic!("{found}"));
    assert_eq!(scenario.clients, None);
    assert_eq!(scenario.services[0].disk, DiskPlan::default());
    assert_eq!(scenario.services[0].host, HostPlan::default());
    assert_eq!(scenario.services[0].clock, Clock::default());
    assert_eq!((scenario.calm, scenario.vacuous), (Span::ZERO, Vacuous::Refuse));
    let again = read("written.ron", &write(&scenario), &Zoo).unwrap_or_else(|found| panic!("{found}"));
    assert_eq!(again, scenario);
}

/// `ron` and this crate read the same value from what `ron` wrote, tightly or with room.
fn agree<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> Result<(), TestCaseError> {
    let pretty = ron::ser::PrettyConfig::default();
    let tight = options().to_string(value).expect("it can be written");
    let roomy = options().to_string_pretty(value, pretty).expect("it can be written");
    for text in [tight, roomy] {
        let theirs: T = options().from_str(&text).expect("what `ron` wrote, it reads");
        let ours: T = parse(&text).map_err(|refusal| TestCaseError::fail(format!("{text}: {refusal:?}")))?;
        prop_assert_eq!(&theirs, value);
        prop_assert_eq!(&ours, value);
    }
    Ok(())
}

fn words(count: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    prop::collection::vec("[^\\s\\p{C}\\p{Z}]{1,12}", count).prop_map(|words| words.join(" "))
}

fn span() -> impl Strategy<Value = Span> {
    prop_oneof![(1..1_000_000u64).prop_map(Span), (1..10_000u64).prop_map(|millis| Span(millis * 1_000_000))]
}

fn chance() -> impl Strategy<Value = Chance> {
    prop_oneof![
        Just(Chance::NEVER),
        (0.0..=1.0).prop_map(|number| Chance::new(number).expect("a probability"))
    ]
}

fn delay() -> impl Strategy<Value = Delay> {
    prop_oneof![
        span().prop_map(Delay::Constant),
        (span(), span()).prop_map(|(low, more)| Delay::Uniform(low, low + more)),
        span().prop_map(Delay::Exponential),
        (span(), span()).prop_map(|(median, more)| Delay::LogNormal { median, p99: median + more }),
    ]
}

fn service(name: &'static str) -> impl Strategy<Value = Service> {
    let with = prop::option::of(Just(Raw { text: "(election: (\"1ms\",\n \"2ms\")) ".trim().into(), at: 0 }));
    (1u32..50, with, delay(), 0u64..1_000_000_000, 0.0..0.5).prop_map(
        move |(nodes, with, sync, offset, drift)| Service {
            name: name.into(),
            run: "raft".into(),
            nodes: nodes + 3,
            beside: None,
            calls: None,
            with,
            host: HostPlan::default(),
            disk: DiskPlan { sync, ..DiskPlan::default() },
            clock: Clock { offset: Span(offset), drift, timers: Timers::Monotonic },
            nic: None,
            zones: Vec::new(),
        },
    )
}

fn clients() -> impl Strategy<Value = Clients> {
    let rate = prop_oneof![(0.001..1e5).prop_map(Rate::Poisson), (0.001..1e5).prop_map(Rate::Constant)];
    let load = prop_oneof![
        rate.prop_map(Load::Open),
        span().prop_map(|more| Load::Closed { think: Span(1_000_000) + more })
    ];
    let keys = prop_oneof![
        (1..=KEYS_MAX).prop_map(Keys::Uniform),
        ((1..=KEYS_MAX), 0.0..=10.0).prop_map(|(count, s)| Keys::Zipf { count, s })
    ];
    let mix = prop::option::of(Just(Raw { text: "(get: 0.25, put: 0.75)".into(), at: 0 }));
    let route = prop_oneof![Just(Route::Sticky), Just(Route::Spread)];
    let times = (span(), span(), span(), 0..30_000_000_000u64);
    (1u32..500, load, keys, mix, route, times, 1u32..=1_000).prop_map(
        |(nodes, load, keys, mix, route, (timeout, deadline, backoff, start), attempts)| Clients {
            nodes: nodes + 3,
            of: "db".into(),
            load,
            mix,
            keys,
            timeout,
            deadline,
            retry: Retry { attempts, backoff },
            route,
            start: Time(start),
            writes_until: (attempts % 3 == 0).then_some(Time(30_000_000_000)),
            only: (attempts % 2 == 0).then(|| vec![("client-1".into(), vec![0, attempts])]),
            nic: None,
            zones: Vec::new(),
        },
    )
}

fn picks() -> impl Strategy<Value = Vec<Pick>> {
    prop_oneof![
        Just(vec![Pick::Node("db-1".into()), Pick::RandomOf("clients".into(), 1)]),
        Just(vec![Pick::Role("leader".into()), Pick::Random(1)]),
        Just(vec![Pick::Service("db".into())]),
        Just(vec![Pick::Node("client-2".into()), Pick::Rest]),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Split(vec![
            vec![Pick::Role("leader".into())],
            vec![Pick::Node("db-3".into())],
            vec![Pick::Rest]
        ])),
        Just(Fault::OneWay {
            from: vec![Pick::Service("db".into())],
            to: vec![Pick::Service("clients".into())]
        }),
        Just(Fault::Heal),
        picks().prop_map(Fault::Crash),
        picks().prop_map(Fault::Restart),
        picks().prop_map(Fault::Pause),
        picks().prop_map(Fault::Resume),
    ]
}

/// Faults of a run of 60 s with 10 s of calm; the first one stands alone, the others may come after it.
fn faults() -> impl Strategy<Value = Vec<TimedFault>> {
    let one = (fault(), 0..20_000_000_000u64, prop::bool::ANY, span(), words(0..8));
    prop::collection::vec(one, 0..8).prop_map(|all| {
        let faults = all.into_iter().enumerate().map(|(index, (fault, at, after, lasts, say))| TimedFault {
            name: format!("fault \"{index}\""),
            when: if after && index > 0 {
                When::After("fault \"0\"".into(), Span(at))
            } else {
                When::At(Time(at))
            },
            part_of: None,
            lasts: fault.harms().then_some(lasts),
            keep: Keep::Nothing,
            rolling: None,
            fault,
            say,
        });
        faults.collect()
    })
}

fn expectation() -> impl Strategy<Value = Expectation> {
    prop_oneof![
        Just(Expectation::Violates(Claim::Always("log matching".into()))),
        Just(Expectation::Always("election safety".into())),
        Just(Expectation::Sometimes("leader changed".into())),
        span().prop_map(|within| Expectation::Reached {
            what: "leader changed".into(),
            within: Some(within),
            not_before: None
        }),
        any::<u64>().prop_map(|least| Expectation::Times {
            what: "leader changed".into(),
            at_least: Some(least),
            at_most: None
        }),
        (0.0..=0.5, 0.5..=1.0).prop_map(|(low, high)| Expectation::Availability {
            at_least: Some(low),
            at_most: Some(high),
            during: None,
            clients: None,
            kind: None
        }),
        (0.0..=1.0).prop_map(|high| Expectation::Availability {
            at_least: None,
            at_most: Some(high),
            during: None,
            clients: Some(vec!["client-1".into()]),
            kind: Some("get".into())
        }),
        (0.1..=100.0, span()).prop_map(|(percentile, at_most)| Expectation::Latency {
            percentile,
            at_least: None,
            at_most: Some(at_most),
            during: None,
            clients: Some(vec!["client-1".into()]),
            kind: Some("put".into())
        }),
        any::<u64>().prop_map(|least| Expectation::Messages { at_least: Some(least), at_most: None }),
        (0.0..1e6).prop_map(|most| Expectation::MessagesPerOperation { at_least: None, at_most: Some(most) }),
        span().prop_map(|at_most| Expectation::Downtime { at_least: None, at_most: Some(at_most) }),
        (prop::option::of(0.1..=100.0), span()).prop_map(|(percentile, at_most)| Expectation::Staleness {
            percentile,
            at_least: None,
            at_most: Some(at_most),
            during: None,
            clients: None
        }),
        (0.0..=1.0).prop_map(|low| Expectation::StaleReads {
            at_least: Some(low),
            at_most: None,
            during: None,
            clients: Some(vec!["client-1".into()])
        }),
        Just(Expectation::Sessions(vec![Guarantee::MonotonicReads, Guarantee::ReadYourWrites])),
        Just(Expectation::Violates(Claim::Sessions(vec![Guarantee::MonotonicWrites]))),
        Just(Expectation::NoLostWrites { within: Span(1_000) }),
        Just(Expectation::Violates(Claim::Converges { within: Span(1_000) })),
    ]
}

fn explore() -> impl Strategy<Value = Explore> {
    let step = prop_oneof![
        words(0..8).prop_map(|msg| Step::Deliver { from: "db-1".into(), to: "db-1".into(), msg }),
        words(0..8).prop_map(|timer| Step::Timeout { node: "db-1".into(), timer }),
        words(0..8).prop_map(|op| Step::Operation { node: "db-1".into(), op }),
        Just(Step::Crash("db-1".into())),
        Just(Step::Boot("db-1".into())),
    ];
    let messages = prop_oneof![Just(Messages::Once), Just(Messages::Again)];
    let most = || prop::option::of(any::<u32>());
    let counts = (any::<u32>(), 0..=Explore::OPERATIONS_MAX, 1..=Explore::STATES_MAX);
    (messages, most(), most(), counts, prop::collection::vec(step, 0..4)).prop_map(
        |(messages, timeouts, depth, (crashes, operations, states), path)| Explore {
            messages,
            timeouts,
            crashes,
            operations,
            depth,
            states,
            path,
        },
    )
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let link = (prop::option::of(delay()), chance()).prop_map(|(delay, loss)| Link {
        delay,
        loss: Some(loss),
        ..Link::new("db", "client-1")
    });
    let network = (delay(), chance(), prop::collection::vec(link, 0..3));
    let expect = prop::collection::vec(expectation(), 0..5);
    let vacuous = prop_oneof![Just(Vacuous::Allow), Just(Vacuous::Refuse)];
    let services = (service("db"), service("other_one-b2"), 1usize..=2, prop::option::of(explore()));
    (words(1..60), any::<u64>(), services, clients(), network, faults(), expect, vacuous).prop_map(
        |(
            about,
            seed,
            (db, other, count, explore),
            clients,
            (delay, loss, links),
            faults,
            mut expect,
            vacuous,
        )| {
            expect.dedup();
            expect.push(Expectation::Linearizable);
            let mut said = Vec::new();
            expect.retain(|one| {
                !said.contains(one) && {
                    said.push(one.clone());
                    true
                }
            });
            Scenario {
                about,
                seed,
                until: Time(60_000_000_000),
                services: vec![db, other].into_iter().take(count).collect(),
                clients: Some(clients),
                topology: None,
                network: Network { default: LinkPlan { loss, ..LinkPlan::new(delay) }, nic: None, links },
                faults,
                nemesis: Vec::new(),
                calm: Span(10_000_000_000),
                expect,
                vacuous,
                explore: explore.filter(|_| count == 1),
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_as_it_was(scenario in scenario()) {
        let written = write(&scenario);
        let again = read("written.ron", &written, &Zoo).map_err(|found| TestCaseError::fail(format!("{found}")))?;
        prop_assert_eq!(&again, &scenario);
        prop_assert_eq!(write(&again), written);
    }

    #[test]
    fn values_read_here_as_they_do_in_ron(delay in delay(), fault in fault(), clients in clients(), expectation in expectation(), text in "\\PC{0,20}") {
        agree(&delay)?;
        agree(&fault)?;
        agree(&clients.load)?;
        agree(&clients.keys)?;
        agree(&clients.route)?;
        agree(&expectation)?;
        agree(&(text.clone(), Some(clients.retry.attempts), clients.timeout))?;
        agree(&std::collections::BTreeMap::from([(text, vec![(1i8, -0.5f64, true, 'x')])]))?;
    }
}
