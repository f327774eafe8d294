//! The clauses of the distributed file system, one message at a time; and what outlives a rack, in a world.

use protocols::{
    client::{self, Client},
    dfs::{Config, Content, Dfs, File, Files, Flaw, Mix, Msg, Name, Op, Record, Ret, Timer},
    text::Text,
    workload::KeyChoice,
};
use sim_core::{
    check::linearizability::{Budget, Finding},
    fault::{Fault, Pick, PlannedFault},
    harness::{Harness, Output},
    link::{LinkPlan, NetworkPlan},
    plan::{Plan, ServicePlan, Zone},
    prelude::*,
    run::Run,
    sample::Delay,
    size::Bytes,
    world::World,
};

const MASTER: NodeId = NodeId(0);
const FIRST: NodeId = NodeId(1);
const SECOND: NodeId = NodeId(2);
const THIRD: NodeId = NodeId(3);

const NAME: Name = Name { file: File::Key(7), chunk: 0 };
const ONE_STANDS: &str = "under one name one chunk stands";
const ON_A_DISK: &str = "what stands is on a disk";

/// A master and four servers, with one chunk from the beginning.
fn booted(seed: u64, config: Config) -> Harness<Dfs> {
    let config = Config { chunks: 1, words: 5, ..config };
    config.check().unwrap();
    let mut harness = Harness::seeded(seed, 5, config);
    (0..5).for_each(|node| drop(harness.boot(NodeId(node))));
    harness
}

fn flawed(replicas: u32, flaw: Option<Flaw>) -> Config {
    Config { replicas, flaw, ..Config::default() }
}

fn content(text: &str) -> Content {
    Content { text: text.into(), bytes: 1_000_000 }
}

fn everybody(_: NodeId, _: NodeId) -> bool {
    true
}

/// What is answered while these messages of `from` pass, and those that this gives rise to.
fn answer(
    harness: &mut Harness<Dfs>,
    from: NodeId,
    outputs: Vec<Output<Dfs>>,
    passes: impl Fn(NodeId, NodeId) -> bool,
) -> Option<Ret> {
    harness.settle(from, outputs, passes).into_iter().find_map(|(_, output)| match output {
        Output::Answer(_, Answer::Ok(ret)) => Some(ret),
        Output::Answer(..) | Output::Send(..) | Output::Call(..) => None,
    })
}

fn ask(harness: &mut Harness<Dfs>, node: NodeId, op: Op) -> Option<Ret> {
    let (_, outputs) = harness.request(node, op);
    answer(harness, node, outputs, everybody)
}

fn read(harness: &mut Harness<Dfs>, node: NodeId, name: Name) -> Option<Ret> {
    ask(harness, node, Op::Read(name))
}

/// A node wants to write, and the master has said where: what it said, on its way.
fn targets(harness: &mut Harness<Dfs>, writer: NodeId, text: &str) -> Vec<Output<Dfs>> {
    let (_, asked) = harness.request(writer, Op::Create(NAME, content(text)));
    let [Output::Send(MASTER, target @ Msg::Target(..))] = &asked[..] else { panic!("{asked:?}") };
    harness.step(MASTER, Deliver(writer, target.clone()))
}

/// Who is up beats, and the master looks, so many times.
fn beats(harness: &mut Harness<Dfs>, times: u32) {
    for _ in 0..times {
        for node in (0..5).rev().map(NodeId) {
            if harness.state(node).is_some() {
                let outputs = harness.fire(node, &Timer::Pulse);
                harness.settle(node, outputs, everybody);
            }
        }
    }
}

/// The servers that have a copy of this on their disks.
fn holders(harness: &mut Harness<Dfs>, name: Name) -> Vec<NodeId> {
    let has = |record: &Record| matches!(record, Record::Has(other, _, _) if *other == name);
    (1..5).map(NodeId).filter(|node| harness.disk(*node).iter().any(has)).collect()
}

fn broken(harness: &Harness<Dfs>) -> Vec<&str> {
    harness.violations().iter().map(|violation| violation.property).collect()
}

#[test]
fn copies_that_are_on_their_way_count_where_the_next_one_goes() {
    let mut harness = booted(0, flawed(2, None));
    let mut seconds: BTreeMap<NodeId, u32> = BTreeMap::new();
    for key in 0..9 {
        let name = Name { file: File::Key(key), chunk: 0 };
        let (_, asked) = harness.request(FIRST, Op::Create(name, content("x")));
        let [Output::Send(MASTER, target)] = &asked[..] else { panic!("{asked:?}") };
        // What is written has not come anywhere when the master is asked for the next.
        let told = harness.step(MASTER, Deliver(FIRST, target.clone()));
        let [Output::Send(FIRST, Msg::Targets(_, to))] = &told[..] else { panic!("{told:?}") };
        assert_eq!(to[0], FIRST, "the first copy stays with the writer");
        *seconds.entry(to[1]).or_default() += 1;
    }
    // One of the three may have had a copy of the chunk that was there from the beginning.
    assert_eq!(seconds.len(), 3, "{seconds:?}");
    assert!(seconds.values().all(|count| (2..=4).contains(count)), "{seconds:?}");
}

#[test]
fn of_two_chunks_under_one_name_one_stands_and_both_writers_are_told_which() {
    for (flaw, told, violations) in [(None, "one", &[][..]), (Some(Flaw::LastWins), "two", &[ONE_STANDS][..])]
    {
        let mut harness = booted(0, flawed(2, flaw));
        // Both are told that nothing stands, before either has written.
        let [first, second] =
            [(FIRST, "one"), (SECOND, "two")].map(|(writer, text)| targets(&mut harness, writer, text));
        assert_eq!(answer(&mut harness, MASTER, first, everybody), Some(Ret::Stands(content("one"))));
        assert_eq!(answer(&mut harness, MASTER, second, everybody), Some(Ret::Stands(content(told))));
        assert_eq!(read(&mut harness, THIRD, NAME), Some(Ret::Found(Some(content(told)))));
        assert_eq!(broken(&harness), violations, "{flaw:?}");
    }
}

#[test]
fn whoever_writes_what_stands_already_is_told_what_it_is() {
    let mut harness = booted(0, flawed(2, None));
    for (writer, text) in [(FIRST, "one"), (FIRST, "two"), (SECOND, "three"), (MASTER, "four")] {
        let told = ask(&mut harness, writer, Op::Create(NAME, content(text)));
        assert_eq!(told, Some(Ret::Stands(content("one"))), "{text}");
    }
    assert_eq!(holders(&mut harness, NAME).len(), 2);
}

#[test]
fn a_writer_is_told_that_its_chunk_stands_when_the_master_knows() {
    for flaw in [None, Some(Flaw::EarlyAnswer)] {
        let mut harness = booted(0, flawed(2, flaw));
        let told = targets(&mut harness, FIRST, "one");
        // All have their copies, and the master does not hear of it.
        let early = answer(&mut harness, MASTER, told, |_, to| to != MASTER);
        assert_eq!(holders(&mut harness, NAME).len(), 2);
        assert_eq!(read(&mut harness, THIRD, NAME), Some(Ret::Found(None)));
        assert_eq!(early, flaw.map(|_| Ret::Stands(content("one"))));
        if flaw.is_none() {
            let (again, _) =
                harness.timers(FIRST).into_iter().find(|(timer, _)| *timer != Timer::Pulse).unwrap();
            let outputs = harness.fire(FIRST, &again);
            let late = answer(&mut harness, FIRST, outputs, everybody);
            assert_eq!(late, Some(Ret::Stands(content("one"))));
        }
    }
}

/// Processes that are killed lose what was not synced, or some of it.
#[test]
fn what_stands_is_on_disks_that_outlive_a_crash() {
    for flaw in [None, Some(Flaw::UnsyncedCopy)] {
        let mut lost = 0;
        for seed in 0..40 {
            let mut harness = booted(seed, flawed(2, flaw));
            assert_eq!(
                ask(&mut harness, FIRST, Op::Create(NAME, content("one"))),
                Some(Ret::Stands(content("one")))
            );
            let holders = holders(&mut harness, NAME);
            holders.iter().for_each(|node| harness.crash(*node));
            holders.iter().for_each(|node| drop(harness.boot(*node)));
            beats(&mut harness, 2);
            let found = read(&mut harness, THIRD, NAME) == Some(Ret::Found(Some(content("one"))));
            assert_eq!(broken(&harness).contains(&ON_A_DISK), !found, "seed {seed}");
            lost += u32::from(!found);
        }
        assert_eq!(lost > 0, flaw.is_some(), "{lost} of 40 were lost");
    }
}

#[test]
fn a_master_that_crashes_forgets_nothing_that_was_answered() {
    for flaw in [None, Some(Flaw::UnsyncedMaster)] {
        let mut forgotten = 0;
        for seed in 0..40 {
            let mut harness = booted(seed, flawed(2, flaw));
            let names = [1, 2, 3].map(|key| Name { file: File::Key(key), chunk: 0 });
            for name in names {
                let told = ask(&mut harness, FIRST, Op::Create(name, content("one")));
                assert_eq!(told, Some(Ret::Stands(content("one"))));
            }
            harness.crash(MASTER);
            harness.boot(MASTER);
            // Servers say what they have.
            beats(&mut harness, 1);
            let text = Name { file: File::Text(Text { number: 0, chunks: 1, words: 5 }), chunk: 0 };
            assert!(matches!(read(&mut harness, MASTER, text), Some(Ret::Found(Some(_)))), "as installed");
            let found = names.map(|name| read(&mut harness, MASTER, name));
            let all = found.iter().all(|found| *found == Some(Ret::Found(Some(content("one")))));
            forgotten += u32::from(!all);
        }
        assert_eq!(forgotten > 0, flaw.is_some(), "{forgotten} of 40 masters forgot something");
    }
}

#[test]
fn lost_copies_are_made_anew_elsewhere() {
    for flaw in [None, Some(Flaw::NoRepair)] {
        let mut harness = booted(0, flawed(2, flaw));
        let text = Text { number: 0, chunks: 1, words: 5 };
        let name = Name { file: File::Text(text), chunk: 0 };
        let before = holders(&mut harness, name);
        assert_eq!(before.len(), 2);
        for lost in &before {
            harness.crash(*lost);
            // A patience of six beats, and some more.
            beats(&mut harness, 10);
        }
        let found = read(&mut harness, MASTER, name);
        let wanted = content(&text.chunk(0)).text;
        match flaw {
            None => assert!(matches!(found, Some(Ret::Found(Some(found))) if found.text == wanted)),
            Some(_) => assert_eq!(found, None, "nobody has it, and it may come back"),
        }
        assert_eq!(holders(&mut harness, name).len(), if flaw.is_none() { 4 } else { 2 });
    }
}

#[test]
fn a_server_serves_what_stands_and_not_what_it_has() {
    for (flaw, served) in [(None, "one"), (Some(Flaw::AnyCopy), "two")] {
        let mut harness = booted(0, flawed(1, flaw));
        let [first, second] =
            [(FIRST, "one"), (SECOND, "two")].map(|(writer, text)| targets(&mut harness, writer, text));
        assert_eq!(answer(&mut harness, MASTER, first, everybody), Some(Ret::Stands(content("one"))));
        // The second has a copy of its own chunk by now, and has not heard that another one stands.
        assert_eq!(answer(&mut harness, MASTER, second, |_, to| to != MASTER), None);
        assert_eq!(holders(&mut harness, NAME), [FIRST, SECOND]);
        assert_eq!(read(&mut harness, SECOND, NAME), Some(Ret::Found(Some(content(served)))), "{flaw:?}");
    }
}

/// A master and six servers in a world, three of which lose their disks at once.
fn rack_lost(seed: u64, racks: &[&[u32]]) -> Run {
    let services = vec![ServicePlan::new("files", 7), ServicePlan::clients(2)];
    let network = NetworkPlan::new(LinkPlan::new(Delay::Constant(1.ms())));
    let mut plan = Plan::new(seed, Time::ZERO + 20.s(), services, network);
    let zone = |(number, nodes): (usize, &&[u32])| Zone {
        name: format!("rack-{number}"),
        region: "here".into(),
        nodes: nodes.iter().map(|node| NodeId(*node)).collect(),
    };
    plan.zones = racks.iter().enumerate().map(zone).collect();
    // By number from 1, the master first.
    let rack = ["files-2", "files-4", "files-6"].map(|name| Pick::Node(name.into())).into();
    plan.faults = vec![PlannedFault::at("rack", Time::ZERO + 6.s(), Some(1.s()), Fault::Wipe(rack))];
    let mut world = World::new(plan);
    let config = Config { chunks: 12, words: 5, replicas: 2, retry: 500.ms(), ..Config::default() };
    world.populate::<Dfs>(config, None).unwrap();
    let clients = client::Config {
        load: client::Load::Poisson(50.ms()),
        mix: Mix { size: Bytes(1_000), ..Mix::default() },
        keys: KeyChoice::Uniform(30),
        timeout: 1.s(),
        attempts: 5,
        backoff: 20.ms(),
        route: client::Route::Spread,
        start: Span::ZERO,
        writes_until: Some(5.s()),
        only: None,
    };
    world.populate::<Client<Files>>(clients, Some("files")).unwrap();
    world.run(u64::MAX);
    world.finish()
}

#[test]
fn copies_outlive_a_rack_if_there_is_another() {
    for seed in 1..=5 {
        let run = rack_lost(seed, &[&[1, 3, 5], &[0, 2, 4, 6]]);
        assert_eq!(run.violations, []);
        let of = |name: &str| run.properties.iter().find(|property| property.name == name).unwrap();
        assert!(of(ON_A_DISK).held > 0);
        assert!(of("a chunk was written").held > 0);
        assert!(of("a lost copy was replaced").held > 0);
        assert_eq!(run.histories[0].linearizable(Budget::default()).finding, Finding::Linearizable);
        let operations = run.histories[0].operations();
        // What was asked shortly before the end may be under way.
        let late = |at: Time| (Time::ZERO + 8.s()..Time::ZERO + 18.s()).contains(&at);
        let mut reads = operations.iter().filter(|operation| late(operation.intended)).peekable();
        assert!(reads.peek().is_some());
        assert!(reads.all(|read| read.done.is_some()), "seed {seed}");

        let run = rack_lost(seed, &[]);
        assert!(run.violations.iter().any(|violation| violation.property == ON_A_DISK), "seed {seed}");
    }
}
