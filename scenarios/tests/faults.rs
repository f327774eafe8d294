//! Faults from the file to the verdict: what a seed makes of them, the plan that a run leaves behind, and what is said
//! about what they did.

use scenarios::{
    Registry,
    expand::expand,
    format::{LIST_MAX, Scenario, TimedFault, When},
    plan::Plan,
    play::{self, Origin},
    read::read,
    write::write,
};
use sim_core::{
    fault::{Condition, Fault, Pick, Schedule},
    judged::{Judged, Status},
    run::Run,
    time::{Span, Time, Units},
};
use std::collections::BTreeSet;

/// Five servers for twenty seconds, the last three of them calm, with these parts and this expected.
fn text(parts: &str, expect: &str) -> String {
    format!(
        r#"(about: "x", seed: 7, until: "20s", calm: "3s",
            services: {{ "db": (run: "raft", nodes: 5, disk: (sync: Constant("1ms"))) }},
            clients: (nodes: 5, of: "db", load: Open(Poisson(50.0)), start: "500ms"),
            network: (delay: Uniform("1ms", "3ms"), loss: 0.001), {parts} expect: [Linearizable, {expect}])"#
    )
}

fn scenario(parts: &str, expect: &str) -> Scenario {
    let text = text(parts, expect);
    read("test.ron", &text, &Registry::standard()).unwrap_or_else(|found| panic!("{found}"))
}

fn run(plan: &Plan) -> Run {
    play::run(&Registry::standard(), plan, play::Detail::Results, &mut |_, _, _| {})
        .expect("the world can be built")
}

fn judged(parts: &str, expect: &str) -> Judged {
    let plan = Plan::new(&scenario(parts, expect), 7);
    let origin = Origin { file: "test.ron", name: "test", text: "", command: String::new() };
    play::judge(&Registry::standard(), &plan, run(&plan), origin)
}

/// The status and the finding of the verdict on this.
fn verdict(judged: &Judged, expectation: &str) -> (Status, String) {
    let found = judged.verdicts.iter().find(|verdict| verdict.expectation == expectation);
    let found = found.unwrap_or_else(|| panic!("nothing about {expectation}: {:#?}", judged.verdicts));
    (found.status, found.finding.clone())
}

/// When a fault strikes that was expanded and waits for nothing.
fn moment(timed: &TimedFault) -> Time {
    let When::At(at) = timed.when else { panic!("it has no moment: {timed:?}") };
    at
}

/// Every shape and every kind of moment.
const CHAOS: &str = r#"
    faults: [
        (name: "flap", every: "3s", from: "2s", to: "12s", lasts: "500ms", do: Split([[RandomOf("db", 1)], [Rest]])),
        (name: "roll", at: "4s", rolling: "700ms", lasts: "300ms", do: Crash([Service("db")])),
        (name: "drawn", between: ("5s", "8s"), lasts: "200ms", do: Pause([MinorityWith("db", "leader")])),
        (name: "waits", when: NoRole("leader"), from: "6s", lasts: "20s", keep: Quorum, do: PowerLoss([RandomOf("db", 1)])),
        (name: "then", after: ("waits", "200ms"), lasts: "300ms", do: Halves([Service("db")])),
        (name: "third", after: ("then", "400ms"), rolling: "50ms", lasts: "30ms", do: Pause([Service("db")])),
        (name: "never", when: Epoch(1000000), do: Crash([Random(1)])),
        (name: "after never", after: ("never", "1s"), do: Restart([Random(1)])),
        (name: "ring", at: "9s", lasts: "1s", do: MajoritiesRing([Service("db")])),
        (name: "bridge", after: ("drawn", "2s"), lasts: "1s", do: Bridge([Service("db")])),
        (name: "less", at: "13s", lasts: "1s", do: MinorityThird([All])),
        (name: "deaf", at: "3s", lasts: "1s", do: Gray(DeafNic, [MinorityWith("db", "leader")])),
        (name: "late", when: RoleTaken("leader", 1), from: "16s", do: Crash([Role("leader")])),
        (name: "too late", after: ("late", "10s"), do: Restart([Random(1)])),
    ],
    nemesis: [(from: "10s", of: "db", gap: Exponential("300ms"), dwell: Uniform("100ms", "600ms"))],"#;

#[test]
fn a_plan_in_which_all_is_written_out_gives_the_same_run_and_the_same_plan() {
    let registry = Registry::standard();
    for seed in 0..8 {
        let plan = Plan::new(&scenario(CHAOS, ""), seed);
        let first = run(&plan);
        let written = write(&plan.resolved(&first, &registry));
        let again =
            read("plan.ron", &written, &registry).unwrap_or_else(|found| panic!("{found}\n{written}"));
        assert!(again.nemesis.is_empty());
        let second = run(&Plan::new(&again, seed));
        assert_eq!(first.fingerprint, second.fingerprint, "seed {seed}\n{written}");
        assert_eq!(write(&Plan::new(&again, seed).resolved(&second, &registry)), written, "seed {seed}");
        for (timed, report) in again.faults.iter().zip(&plan.core.faults) {
            assert_eq!(timed.name, report.name);
            let struck = first.faults.iter().any(|f| f.planned.name == timed.name && f.struck.is_some());
            let waits = ["late", "never", "after never", "too late"].contains(&timed.name.as_str());
            assert!(waits || !struck || matches!(timed.when, When::At(_)), "{timed:?}");
        }
        let left = [
            "Halves",
            "Bridge",
            "MinorityThird",
            "RandomOf",
            "MinorityWith",
            "Gray",
            "every",
            "rolling",
            "between",
        ];
        for word in left {
            let found = again
                .faults
                .iter()
                .zip(written.lines().skip_while(|line| !line.contains("faults: [")).skip(1));
            for (timed, line) in found.filter(|(_, line)| line.contains(word)) {
                let report = first.faults.iter().find(|f| f.planned.name == timed.name).expect("planned");
                let nobody = report.struck.is_none() || report.chose.iter().any(Vec::is_empty);
                assert!(nobody, "{word} is left of a fault that struck: {line}");
            }
        }
    }
}

#[test]
fn a_plan_reads_well_whatever_came_too_late_or_never() {
    let registry = Registry::standard();
    let (flap, late) = ("n".repeat(60), "m".repeat(60));
    let parts = format!(
        r#"faults: [
            (name: "late", when: RoleTaken("leader", 1), from: "15s", lasts: "30s", do: Crash([Role("leader")])),
            (name: "strobe", when: Answered(1), from: "16s", lasts: "900ms",
                do: ClockStrobe(of: [Node("db-1")], by: Ahead("1s"), every: "1us")),
            (name: "{flap}", every: "1s", lasts: "10ms", do: Pause([RandomOf("db", 1)])),
        ],
        nemesis: [
            (name: "idle", of: "db", from: "1s", to: "2s", gap: Constant("5s")),
            (name: "{late}", from: "12s", of: "db", gap: Constant("10ms"), dwell: Constant("100ms")),
        ],"#
    );
    let expect = format!(
        r#"Recovers(from: "late", within: "6s"), QuorumKept("idle"), Recovers(from: "{late}", within: "19s"),
           Effect(of: "{flap}", what: Nodes, at_least: 1)"#
    );
    let plan = Plan::new(&scenario(&parts, &expect), 7);
    let first = run(&plan);
    let written = write(&plan.resolved(&first, &registry));
    let again = read("plan.ron", &written, &registry).unwrap_or_else(|found| panic!("{found}"));
    assert_eq!(again.nemesis.len(), 1);
    assert_eq!(run(&Plan::new(&again, 7)).fingerprint, first.fingerprint);
}

#[test]
fn a_plan_is_judged_as_the_scenario_was() {
    let parts = r#"faults: [(name: "flap", every: "3s", from: "2s", lasts: "500ms", do: Split([[RandomOf("db", 1)], [Rest]]))],"#;
    let expect = r#"Effect(of: "flap", what: Dropped, at_least: 1), Effect(of: "flap", what: Nodes, at_least: 11), QuorumKept("flap")"#;
    let first = judged(parts, expect);
    let plan = read("plan.ron", &first.provenance.plan, &Registry::standard()).unwrap();
    assert_eq!(plan.faults.len(), 5);
    let plan = Plan::new(&plan, 7);
    let origin = Origin { file: "plan.ron", name: "plan", text: "", command: String::new() };
    let second = play::judge(&Registry::standard(), &plan, run(&plan), origin);
    assert_eq!(first.verdicts, second.verdicts);
    assert_eq!(first.provenance.plan, second.provenance.plan);
}

#[test]
fn the_strikes_of_one_fault_have_its_name_and_numbers() {
    let parts = r#"faults: [
        (name: "flap", every: "4s", from: "2s", to: "12s", lasts: "1s", do: Isolate([Node("db-1")])),
        (name: "flap-2", at: "1s", do: Heal),
        (name: "roll", after: ("flap", "1s"), rolling: "2s", lasts: "1s", do: Crash([Node("db-3"), Node("db-1")])),
        (name: "slow", after: ("roll", "1s"), do: Gray(SlowDisk, [Node("db-2")])),
    ],"#;
    let told = |timed: &TimedFault| format!("{} {} {:?}", timed.name, moment(timed), timed.part_of);
    let all = expand(&scenario(parts, ""), 7);
    let names: Vec<String> = all.iter().map(told).collect();
    assert_eq!(
        names,
        [
            "flap 2s Some(\"flap\")",
            "flap-3 6s Some(\"flap\")",
            "flap-4 10s Some(\"flap\")",
            "flap-2 1s None",
            "roll 3s Some(\"roll\")",
            "roll-2 5s Some(\"roll\")",
            "slow 4s None",
        ]
    );
    let crashed = |index: usize| format!("{:?}", all[index].fault.picks());
    assert_eq!((crashed(4), crashed(5)), ("[[Node(\"db-3\")]]".into(), "[[Node(\"db-1\")]]".into()));
    assert!(matches!(all[6].fault, Fault::DiskSlow { .. }));
}

#[test]
fn what_follows_a_fault_that_waits_waits_too() {
    let parts = r#"faults: [
        (name: "w", when: NoRole("leader"), do: Pause([Node("db-1")])),
        (name: "roll", after: ("w", "1s"), rolling: "2s", lasts: "1s", do: Crash([Node("db-3"), Node("db-1")])),
        (name: "walk", when: Epoch(2), rolling: "2s", lasts: "1s", do: Crash([Node("db-3"), Node("db-1")])),
    ],"#;
    let plan = Plan::new(&scenario(parts, ""), 7);
    let whens: Vec<String> = plan
        .core
        .faults
        .iter()
        .map(|fault| match &fault.when {
            Schedule::At(at) => format!("{at}"),
            Schedule::After(name, span) => format!("{} {span} after {name}", fault.name),
            Schedule::When { condition, .. } => format!("{} when {condition:?}", fault.name),
        })
        .collect();
    assert_eq!(
        whens,
        [
            "w when NoRole(\"leader\")",
            "roll 1s after w",
            "roll-2 3s after w",
            "walk when Epoch(2)",
            "walk-2 2s after walk"
        ]
    );
}

#[test]
fn one_fault_less_leaves_the_others_as_they_were() {
    let whole = scenario(CHAOS, "");
    for seed in 0..20 {
        let all = expand(&whole, seed);
        for gone in ["flap", "roll", "deaf", "less"] {
            let mut fewer = whole.clone();
            fewer.faults.retain(|timed| timed.name != gone);
            let rest: Vec<&TimedFault> = all
                .iter()
                .filter(|timed| timed.name != gone && timed.part_of.as_deref() != Some(gone))
                .collect();
            assert_eq!(expand(&fewer, seed).iter().collect::<Vec<_>>(), rest, "without {gone}");
        }
    }
    assert_ne!(expand(&whole, 1), expand(&whole, 2));
}

/// The strikes of a nemesis with their ends; one that waits takes its turn for as long as it may.
fn windows(scenario: &Scenario, seed: u64) -> Vec<(Time, Time)> {
    let window = |timed: TimedFault| {
        let (from, latest) = match timed.when {
            When::When { from, latest, .. } => (from, latest.expect("it strikes in any case")),
            When::At(_) | When::Between(..) | When::Every { .. } | When::After(..) => {
                (moment(&timed), moment(&timed))
            }
        };
        (from, latest + timed.lasts.expect("it is harm that lasts"))
    };
    expand(scenario, seed).into_iter().map(window).collect()
}

#[test]
fn a_nemesis_keeps_its_bounds_whatever_the_seed() {
    for (at_once, gap_min, aim) in [(1, 0, 0.0), (1, 200, 0.0), (3, 50, 0.0), (1, 200, 0.5), (3, 50, 1.0)] {
        let parts = format!(
            r#"nemesis: [(from: "2s", to: "16s", of: "db", gap: Exponential("200ms"), gap_min: "{gap_min}ms",
                dwell: Exponential("800ms"), dwell_min: "100ms", at_once: {at_once}, aim: {aim:?})],"#
        );
        let scenario = scenario(&parts, "");
        let (mut most, mut struck) = (0, 0);
        for seed in 0..200 {
            let windows = windows(&scenario, seed);
            assert!(windows.len() <= LIST_MAX);
            struck += windows.len();
            for (index, (from, to)) in windows.iter().enumerate() {
                assert!(*from >= Time(2.s().0) && *to <= Time(16.s().0));
                assert!(to.since(*from) >= 100.ms());
                let in_force: Vec<_> = windows[..index].iter().filter(|other| other.1 > *from).collect();
                assert!(in_force.len() < at_once, "seed {seed}");
                most = most.max(in_force.len() + 1);
                let before = windows[..index].last().map_or(Time(2.s().0), |other| other.0);
                assert!(from.since(before) >= 1.ms() * gap_min);
                if at_once == 1 && index > 0 {
                    assert!(from.since(windows[index - 1].1) >= 1.ms() * gap_min, "a gap follows the dwell");
                }
            }
        }
        assert_eq!(most, at_once, "as many at once as may be, now and then");
        assert!(struck > 200 * 5, "{struck} strikes");
    }
}

#[test]
fn an_aimed_strike_waits_for_what_matters_and_hits_the_node_where_that_is() {
    let nemesis = |aim: &str| {
        format!(
            r#"nemesis: [(kinds: [(do: Crash([RandomOf("db", 1)])), (do: Halves([Service("db")]))], from: "1s",
                gap: Uniform("100ms", "300ms"), dwell: Uniform("50ms", "100ms"), dwell_min: "50ms", aim: {aim})],"#
        )
    };
    let all = |aim: &str, seed: u64| expand(&scenario(&nemesis(aim), ""), seed);
    let waits = |timed: &TimedFault| matches!(timed.when, When::When { .. });
    assert!(!all("0", 1).iter().any(waits));
    let aimed = all("1", 1);
    // What the end of the run leaves no time to wait for strikes at once.
    assert!(aimed.iter().rev().skip(1).all(waits), "{aimed:?}");
    let half: Vec<TimedFault> = (0..20).flat_map(|seed| all("0.5", seed)).collect();
    let share = half.iter().filter(|timed| waits(timed)).count() as f64 / half.len() as f64;
    assert!((0.45..0.55).contains(&share), "{share}");
    for timed in &aimed {
        let When::When { condition, from, latest } = &timed.when else { continue };
        let wait = latest.unwrap().since(*from);
        assert!(wait > Span::ZERO && wait <= 300.ms(), "a gap at most: {wait}");
        assert!(matches!(
            condition,
            Condition::RoleChange(_) | Condition::Unsynced(_) | Condition::Handled(_, 1..=8)
        ));
        let hit = matches!(&timed.fault, Fault::Crash(picks) if *picks == [Pick::TriggerOf("db".into())]);
        assert!(hit || timed.fault == Fault::Halves(vec![Pick::Service("db".into())]), "{timed:?}");
    }
    // Whether it is aimed leaves alone what strikes: the kinds are the same, in the same order.
    let kinds = |aim| all(aim, 5).iter().map(|timed| timed.fault.kind()).take(20).collect::<Vec<_>>();
    assert_eq!(kinds("0"), kinds("1"));
    // And a plan in which all of it is written down is the same run.
    let many = r#"nemesis: [(of: "db", keep: Quorum, aim: 1, at_once: 3, gap: Exponential("200ms"), dwell: Uniform("100ms", "900ms"))],"#;
    let (mut drawn, mut there) = (0, 0);
    for (text, seed) in
        (0..16).map(|seed| if seed % 4 == 0 { (nemesis("0.7"), seed) } else { (many.into(), seed) })
    {
        let plan = Plan::new(&scenario(&text, ""), seed);
        let first = run(&plan);
        let written = write(&plan.resolved(&first, &Registry::standard()));
        let again =
            read("again.ron", &written, &Registry::standard()).unwrap_or_else(|found| panic!("{found}"));
        assert!(again.nemesis.is_empty());
        assert_eq!(run(&Plan::new(&again, seed)).fingerprint, first.fingerprint, "seed {seed}\n{written}");
        there += first.faults.iter().filter(|fault| fault.trigger.is_some()).count();
        drawn +=
            first.faults.iter().filter(|fault| fault.struck.is_some() && fault.trigger.is_none()).count();
    }
    assert!(there > 50 && drawn > 50, "{there} at a trigger, {drawn} not");
}

#[test]
fn a_shape_around_a_trigger_is_written_down_as_what_it_was() {
    // Halves of two are a split. Two are too few for a bridge, and what parts nobody is no split to write down.
    let halves = (r#"Halves([TriggerOf("db"), Role("leader")])"#, true, "split");
    let bridge = (r#"Bridge([TriggerOf("db"), Role("leader"), Role("candidate")])"#, false, "bridge");
    for (shape, parts, kind) in [halves, bridge] {
        let fault =
            format!(r#"(name: "shape", when: Handled("db", 5), from: "2s", lasts: "1s", do: {shape})"#);
        let plan = Plan::new(&scenario(&format!("faults: [{fault}],"), ""), 7);
        let first = run(&plan);
        let resolved = plan.resolved(&first, &Registry::standard());
        let [fault] = &resolved.faults[..] else { panic!("one fault: {:?}", resolved.faults) };
        assert!(first.faults[0].trigger.is_some(), "{shape}");
        let parted = first.faults[0].chose.iter().all(|side| !side.is_empty());
        assert_eq!((parted, fault.fault.kind()), (parts, kind), "{shape}");
        let written = write(&resolved);
        let again =
            read("again.ron", &written, &Registry::standard()).unwrap_or_else(|found| panic!("{found}"));
        assert_eq!(run(&Plan::new(&again, 7)).fingerprint, first.fingerprint, "{written}");
    }
    let named =
        r#"faults: [(name: "crash", when: Handled("db", 5), from: "2s", do: Crash([Node("db-1")]))],"#;
    let crash = &run(&Plan::new(&scenario(named, ""), 7)).faults[0];
    assert!(crash.struck.is_some() && crash.trigger.is_none(), "no trigger was asked for: {crash:?}");
}

#[test]
fn a_swarm_takes_part_in_some_kinds_and_always_in_one() {
    let kinds = |swarm: &str, seed: u64| -> BTreeSet<&'static str> {
        let parts = format!(
            r#"nemesis: [(of: "db", gap: Constant("10ms"), dwell: Constant("100ms"), swarm: {swarm})],"#
        );
        expand(&scenario(&parts, ""), seed).iter().map(|timed| timed.fault.kind()).collect()
    };
    let all = kinds("1", 1);
    assert!(all.len() >= 8, "{all:?}");
    let halves: Vec<BTreeSet<_>> = (0..20).map(|seed| kinds("0.5", seed)).collect();
    assert!(halves.iter().all(|some| !some.is_empty() && some.len() < all.len() + 1));
    assert!(halves.iter().collect::<BTreeSet<_>>().len() > 15, "another swarm for almost every seed");
    assert!((0..20).all(|seed| kinds("0.0001", seed).len() == 1));
}

#[test]
fn a_moment_is_drawn_from_the_whole_window() {
    let scenario = scenario(r#"faults: [(name: "x", between: ("5s", "6s"), do: Crash([Random(1)]))],"#, "");
    let after = |seed| moment(&expand(&scenario, seed)[0]).since(Time(5.s().0)).0;
    let drawn: Vec<u64> = (0..200).map(after).collect();
    assert!(drawn.iter().all(|at| *at < 1.s().0));
    assert!(drawn.iter().any(|at| *at < 100.ms().0) && drawn.iter().any(|at| *at > 900.ms().0));
}

#[test]
fn figures_and_quorums_are_judged_over_all_strikes() {
    let parts = r#"faults: [
        (name: "roll", at: "4s", rolling: "2s", lasts: "500ms", do: Crash([Service("db")])),
        (name: "most", at: "15s", lasts: "1s", do: Crash([Majority("db")])),
        (name: "never", when: Epoch(1000000), do: Crash([Random(1)])),
    ],"#;
    let judged = judged(
        parts,
        r#"Effect(of: "roll", what: Nodes, at_least: 5, at_most: 5), Effect(of: "roll", what: Nodes, at_least: 6),
           Effect(of: "never", what: Nodes, at_most: 0), QuorumLost("roll"), QuorumLost("most"),
           QuorumLost("never")"#,
    );
    assert_eq!(verdict(&judged, "roll: nodes exactly 5"), (Status::Held, "5, in 5 strikes".into()));
    assert_eq!(verdict(&judged, "roll: nodes at least 6"), (Status::Failed, "5, in 5 strikes".into()));
    assert_eq!(verdict(&judged, "never: nodes at most 0"), (Status::Vacuous, "it never struck".into()));
    let kept = "every service kept a majority throughout";
    assert_eq!(verdict(&judged, "quorum lost during roll"), (Status::Failed, kept.into()));
    let lost = "a service had no node that reached a majority";
    assert_eq!(verdict(&judged, "quorum lost during most"), (Status::Held, lost.into()));
    assert_eq!(verdict(&judged, "quorum lost during never"), (Status::Vacuous, "it never struck".into()));
    assert_eq!(
        verdict(&judged, "every fault bites"),
        (Status::Vacuous, "without effect: never (its moment never came)".into())
    );
}

#[test]
fn a_fault_that_bites_nothing_is_told_what_it_lacks() {
    let parts = r#"faults: [
        (name: "slow", at: "4s", lasts: "1s", do: Slow(of: [Node("db-1")], factor: 10.0)),
        (name: "up", at: "5s", do: Restart([Random(2)])),
        (name: "heal", at: "6s", do: Heal),
        (name: "end", at: "6s", do: End("slow")),
        (name: "never", when: Epoch(1000000), do: Crash([Random(1)])),
        (name: "later", after: ("never", "1s"), do: Crash([Random(1)])),
    ],"#;
    let judged = judged(parts, "");
    let found = judged.verdicts.iter().find(|verdict| verdict.expectation == "every fault bites").unwrap();
    assert_eq!(found.status, Status::Vacuous);
    assert_eq!(
        found.evidence,
        [
            "slow (nothing took processor time: give the service `host: (message: …)`)",
            "up (nobody was down)",
            "heal (there was nothing to heal)",
            "end (`slow` was not in force)",
            "never (its moment never came)",
            "later (`never`, which it follows, never struck)",
        ]
    );
    assert!(found.finding.ends_with("; and 1 more"), "{}", found.finding);
}

#[test]
fn some_strikes_without_effect_are_no_reason_for_doubt() {
    let parts = r#"faults: [
        (name: "restart", every: "2s", from: "3s", do: Restart([RandomOf("db", 1)])),
        (name: "crash", at: "8s", do: Crash([RandomOf("db", 1)])),
    ],"#;
    assert_eq!(verdict(&judged(parts, ""), "every fault bites"), (Status::Held, "2 of 2".into()));
    let idle = r#"faults: [(name: "restart", every: "2s", from: "3s", do: Restart([RandomOf("db", 1)]))],"#;
    let finding = "without effect: restart (7 times: nobody was down)";
    assert_eq!(verdict(&judged(idle, ""), "every fault bites"), (Status::Vacuous, finding.into()));
}

#[test]
fn the_calm_ends_what_is_still_in_force() {
    let parts = r#"faults: [(name: "crash", at: "8s", do: Crash([RandomOf("db", 1)]))],"#;
    let plan = Plan::new(&scenario(parts, ""), 7);
    assert_eq!(plan.core.calm_from, Time(17.s().0));
    assert_eq!(run(&plan).faults[0].ended, Some(Time(17.s().0)));
    let endless = Scenario { calm: Span::ZERO, ..plan.scenario };
    assert_eq!(Plan::new(&endless, 7).core.calm_from, Time::MAX);
}

#[test]
fn a_topology_gives_links_and_zones_and_exceptions_keep_its_delays() {
    let text = r#"(about: "x", seed: 1, until: "5s",
        services: { "db": (run: "raft", nodes: 4, zones: ["a", "b"]), "kv": (run: "raft", nodes: 1) },
        clients: (nodes: 2, of: "db", load: Open(Poisson(10.0)), zones: ["a"], nic: (up: (rate: "1MB/s"))),
        topology: (regions: { "us-east-1": ["a", "b"], "eu-west-1": ["c"] }, zones: "2ms", hosts: "200us", jitter: 0.0),
        network: (delay: Constant("1ms"), loss: 0.5, links: [(from: "clients", to: "db", loss: 0.25)]), expect: [Linearizable])"#;
    let scenario = read("test.ron", text, &Registry::standard()).unwrap_or_else(|found| panic!("{found}"));
    let plan = Plan::new(&scenario, 1).core;
    let told = |link: &sim_core::link::LinkException| {
        let nodes =
            |nodes: &[sim_core::protocol::NodeId]| nodes.iter().map(|n| n.0.to_string()).collect::<String>();
        format!("{} {} {:?} {}", nodes(&link.from), nodes(&link.to), link.link.delay, link.link.loss)
    };
    let links: Vec<String> = plan.network.links.iter().map(told).collect();
    assert_eq!(
        links,
        [
            "0256 0256 Constant(Span(100000)) 0.5",
            "0256 13 Constant(Span(1000000)) 0.5",
            "13 0256 Constant(Span(1000000)) 0.5",
            "13 13 Constant(Span(100000)) 0.5",
            "56 02 Constant(Span(100000)) 0.25",
            "56 13 Constant(Span(1000000)) 0.25",
        ]
    );
    let zones: Vec<_> = plan.zones.iter().map(|zone| (zone.name.as_str(), zone.nodes.len())).collect();
    assert_eq!(zones, [("a", 4), ("b", 2), ("c", 0)]);
    assert_eq!(plan.network.nics.len(), 7);
    assert!(plan.network.nics[4].up.is_none() && plan.network.nics[5].up.is_some());
}

#[test]
fn a_fast_clock_stops_no_run_and_makes_clients_want_no_more() {
    let wanted = judged("", "").measures.total.wanted;
    for by in ["0.000000001", "0.05", "1.0"] {
        let fault = format!(
            r#"faults: [(name: "fast", at: "3s", lasts: "2s", do: ClockDrift(of: [All, Rest], by: {by}))],"#
        );
        let judged = judged(&fault, "");
        assert_eq!(verdict(&judged, "linearizable").0, Status::Held, "by {by}");
        assert_eq!(judged.measures.total.wanted, wanted, "clients stand for users");
        assert_eq!(judged.run.faults[0].chose[0].len(), 5);
    }
}

#[test]
fn what_clients_do_not_have_cannot_be_taken_from_them() {
    for fault in [
        r#"ClockJump(of: [Service("clients")], by: Ahead("100h"))"#,
        r#"DiskFull([Node("client-1")])"#,
        r#"Slow(of: [RandomOf("clients", 1)], factor: 2.0)"#,
    ] {
        let text = text(&format!(r#"faults: [(at: "3s", lasts: "2s", do: {fault})],"#), "");
        let found = read("test.ron", &text, &Registry::standard()).expect_err(fault).to_string();
        assert!(found.contains("does nothing to clients: they stand for users"), "{found}");
    }
}

/// In force, and found long after it: what it cost is not seen at its strike.
#[test]
fn rot_is_no_fault_to_recover_from() {
    let rot = r#"faults: [(name: "rot", at: "3s", do: BitRot(of: [Node("db-1")], records: 1))],"#;
    for expectation in [r#"QuorumKept("rot")"#, r#"Recovers(from: "rot", within: "1s")"#] {
        let found = read("test.ron", &text(rot, expectation), &Registry::standard())
            .expect_err(expectation)
            .to_string();
        assert!(found.contains("is over as soon as it has struck"), "{found}");
    }
}

/// Rot is found at the next boot: what was committed meanwhile must not need the disk that rotted.
#[test]
fn a_disk_that_rotted_counts_for_no_quorum_until_it_was_read() {
    let faults = r#"faults: [
        (name: "rot", at: "5s", keep: Quorum, do: BitRot(of: [Node("db-1"), Node("db-2")], records: 1)),
        (name: "down", at: "8s", lasts: "2s", keep: Quorum, do: Crash([Node("db-3")])),
        (name: "reboot", at: "12s", lasts: "10ms", keep: Quorum, do: Crash([Node("db-1")])),
        (name: "later", at: "13s", lasts: "10ms", keep: Quorum, do: Crash([Node("db-3")])),
    ],"#;
    let judged = judged(faults, "");
    let spared =
        |name: &str| judged.run.faults.iter().find(|f| f.planned.name == name).map(|f| f.effect.spared);
    // Two of five have rotted: of the rest, all are needed, and of the two any may go.
    assert_eq!([spared("rot"), spared("down"), spared("reboot")], [Some(0), Some(1), Some(0)]);
    // With `damage: Stop` it did not come back, and the other one is rotten still.
    assert_eq!(spared("later"), Some(1));
}

#[test]
fn several_mute_nodes_are_mute_to_one_another_too() {
    for gray in ["MuteNic", "DeafNic"] {
        let fault = format!(
            r#"faults: [(name: "gray", at: "5s", lasts: "5s", do: Gray({gray}, [Node("db-1"), Node("db-2"), Node("db-3")]))],"#
        );
        let judged = judged(&fault, r#"QuorumLost("gray")"#);
        assert_eq!(verdict(&judged, "quorum lost during gray").0, Status::Held, "{gray}");
    }
}

#[test]
fn a_rolling_gray_failure_hits_one_node_after_the_other_and_its_plan_replays() {
    let fault = r#"faults: [(name: "deaf", at: "5s", lasts: "1s", rolling: "2s", do: Gray(DeafNic, [Service("db")]))],"#;
    let scenario = scenario(fault, "");
    let plan = Plan::new(&scenario, 7);
    let run = run(&plan);
    assert_eq!(run.faults.len(), 5);
    assert!(run.faults.iter().all(|report| report.effect.dropped > 0), "{:#?}", run.faults);
    let written = write(&plan.resolved(&run, &Registry::standard()));
    let replayed =
        read("plan.ron", &written, &Registry::standard()).unwrap_or_else(|found| panic!("{found}"));
    assert_eq!(self::run(&Plan::new(&replayed, 7)).fingerprint, run.fingerprint);
}

#[test]
fn the_first_leader_is_no_change_of_leaders() {
    let fault = r#"faults: [(name: "early", at: "50ms", lasts: "450ms", do: Crash([Node("db-1")]))],"#;
    let judged = judged(fault, r#"Effect(of: "early", what: LeaderChanges, at_most: 0)"#);
    assert_eq!(verdict(&judged, "early: leader changes at most 0").0, Status::Held);
}

#[test]
fn a_budget_is_one_for_all_faults_that_have_it() {
    let rot = |name: &str, at: u32, node: u32| {
        format!(
            r#"(name: "{name}", at: "{at}s", keep: Quorum, do: BitRot(of: [Node("db-{node}")], records: 3)),"#
        )
    };
    let faults = format!("faults: [{}{}{}],", rot("a", 4, 1), rot("b", 5, 2), rot("c", 6, 3));
    let spared = judged(&faults, r#"Effect(of: "c", what: Spared, at_least: 1)"#);
    assert_eq!(verdict(&spared, "c: spared at least 1").0, Status::Held, "two of five are damaged");
    let alone =
        r#"faults: [(name: "cut", at: "5s", lasts: "5s", keep: Quorum, do: Isolate([Service("db")]))],"#;
    let spared = judged(alone, r#"Effect(of: "cut", what: Spared, at_least: 3), QuorumKept("cut")"#);
    assert_eq!(verdict(&spared, "quorum kept during cut").0, Status::Held);
    assert_eq!(spared.run.faults[0].effect.nodes, 2, "as many as may be");
}

/// Whom a cut cost what: the clients of one side alone, and while it lasted alone.
#[test]
fn availability_of_some_clients_during_a_fault_counts_these_operations_and_no_others() {
    let cut = r#"faults: [(name: "cut", at: "5s", lasts: "5s", do: Isolate([Node("client-1")]))],"#;
    let parts = [
        r#"Availability(at_most: 0.0, during: "cut", clients: ["client-1"])"#,
        r#"Availability(at_least: 0.9, during: "cut", clients: ["client-2", "client-3"])"#,
        r#"Availability(at_least: 0.6, at_most: 0.8, clients: ["client-1"])"#,
        r#"Availability(at_least: 0.75, at_most: 0.85, during: "cut")"#,
    ];
    let judged = judged(cut, &parts.join(", "));
    for phrase in [
        "availability of client-1 during cut at most 0.00 %",
        "availability of client-2, client-3 during cut at least 90.00 %",
        "availability of client-1 at least 60.00 % and at most 80.00 %",
        "availability during cut at least 75.00 % and at most 85.00 %",
    ] {
        let (status, finding) = verdict(&judged, phrase);
        assert_eq!(status, Status::Held, "{phrase}: {finding}");
    }
}

#[test]
fn availability_during_what_never_struck_is_judged_of_nothing() {
    let waits =
        r#"faults: [(name: "cut", when: Epoch(1000000), lasts: "5s", do: Isolate([Node("client-1")]))],"#;
    let judged = judged(waits, r#"Availability(at_least: 0.1, during: "cut")"#);
    let (status, _) = verdict(&judged, "availability during cut at least 10.00 %");
    assert_eq!(status, Status::Vacuous);
}
