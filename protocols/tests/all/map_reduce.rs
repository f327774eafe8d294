//! MapReduce against what theory and its paper say of it (`oracles.md` V25, M2 to M7).

use protocols::{
    client::{self, Client},
    dfs::{self, Dfs},
    map_reduce::{
        Backups, Config, Flaw, Job, Jobs, MapReduce, Mix, Order, functions::Function, functions::sequential,
    },
    text::Text,
    workload::KeyChoice,
};
use sim_core::{
    check::linearizability::{Budget, Finding},
    fault::{Fault, Keep, Pick, PlannedFault, Schedule},
    link::{LinkPlan, NetworkPlan, Nic, Pipe},
    plan::{Plan, ServicePlan},
    prelude::*,
    run::Run,
    sample::Delay,
    size::{Bytes, Rate},
    task::Task,
    world::World,
};

/// A cluster, and one job on it.
#[derive(Clone)]
struct Cluster {
    workers: u32,
    files: dfs::Config,
    config: Config,
    mix: Mix,
    nic: Option<Rate>,
    faults: Vec<PlannedFault>,
    until: Span,
    timeout: Span,
    seed: u64,
    /// Jobs one after the other.
    jobs: u32,
}

impl Cluster {
    /// So many map tasks of a second each, one at a time on each worker, and nothing else takes time.
    fn equal(maps: u32, workers: u32) -> Cluster {
        let files = dfs::Config { chunks: maps, words: 5, replicas: 1, ..dfs::Config::default() };
        let config = Config {
            map_slots: 1,
            reduce_slots: 1,
            reduce: Delay::Constant(Span::ZERO),
            backups: Backups::Never,
            fetch_from: 1.0,
            beat: 2.ms(),
            patience: 7.ms(),
            ..Config::default()
        };
        let mix = Mix { chunks: maps, words: 5, reduces: 1, ..Mix::default() };
        Cluster {
            workers,
            files,
            config,
            mix,
            nic: None,
            faults: Vec::new(),
            until: 60.s(),
            timeout: 60.s(),
            seed: 1,
            jobs: 1,
        }
    }

    fn run(&self) -> Run {
        let nodes = self.workers + 1;
        let mut network = NetworkPlan::new(LinkPlan::new(Delay::Constant(Span::ZERO)));
        network.machines = (0..nodes).chain(0..nodes).chain([2 * nodes]).map(NodeId).collect();
        if let Some(rate) = self.nic {
            let pipe = Pipe { rate, queue: Bytes(u64::MAX), express: Bytes(20_000) };
            network.nics = vec![Nic { up: Some(pipe), down: Some(pipe) }; 2 * nodes as usize];
        }
        let services =
            vec![ServicePlan::new("files", nodes), ServicePlan::new("jobs", nodes), ServicePlan::clients(1)];
        let mut plan = Plan::new(self.seed, Time(self.until.0), services, network);
        plan.faults = self.faults.clone();
        let mut world = World::new(plan);
        world.populate::<Dfs>(self.files.clone(), None).unwrap();
        world.populate::<MapReduce>(self.config.clone(), Some("files")).unwrap();
        let clients = client::Config {
            load: client::Load::Closed(50.ms()),
            mix: self.mix,
            keys: KeyChoice::Uniform(u64::from(self.files.texts)),
            timeout: self.timeout,
            attempts: 20,
            backoff: 1.s(),
            route: client::Route::Sticky,
            start: 10.ms(),
            writes_until: None,
            only: Some((0..self.jobs).map(|number| (NodeId(2 * nodes), number)).collect()),
        };
        world.populate::<Client<Jobs>>(clients, Some("jobs")).unwrap();
        world.record(1);
        // Until the client has what it wanted.
        let client = NodeId(2 * nodes);
        while world.now() < Time(self.until.0) {
            world.run_to(world.now() + 1.s(), 20_000_000);
            let shown: Vec<u32> =
                world.show(client).iter().map(|(_, value)| value.parse().unwrap()).collect();
            if shown[0] > self.jobs && shown[1] == 0 {
                break;
            }
        }
        let run = world.finish();
        assert_eq!(run.violations, []);
        assert_eq!(run.stopped, None);
        run
    }

    /// Seconds from the first map task's beginning to the last one's end.
    fn map_phase(&self) -> f64 {
        let run = self.run();
        assert_eq!(done(&run), 1, "the job is done in time");
        let maps = run.tasks.tasks.iter().filter(|task| task.kind == "map");
        let begun = maps.clone().map(|task| task.begun).min().unwrap();
        let ended = maps.filter(|task| task.how == How::Done).filter_map(|task| task.ended).max().unwrap();
        ended.since(begun).as_secs()
    }
}

/// Jobs that were answered.
fn done(run: &Run) -> usize {
    run.histories[0].operations().iter().filter(|operation| operation.done.is_some()).count()
}

fn fault(at: Span, lasts: Option<Span>, fault: Fault) -> PlannedFault {
    let (when, name) = (Schedule::At(Time(at.0)), format!("{fault:?} at {at}"));
    PlannedFault { when, name, lasts, keep: Keep::Nothing, fault, say: String::new() }
}

fn workers(numbers: core::ops::RangeInclusive<u32>) -> Vec<Pick> {
    numbers.map(|number| Pick::Node(format!("jobs-{number}"))).collect()
}

/// Within what beats and loopbacks add.
#[track_caller]
fn nearly(found: f64, wanted: f64) {
    assert!((wanted - 0.001..wanted + 0.02).contains(&found), "{found} s and not {wanted} s");
}

/// M6, V25: the letters of the notes, and what the reducers fetched.
#[test]
fn letters_are_counted() {
    for combine in [true, false] {
        let mut cluster = Cluster::equal(4, 3);
        (cluster.files.words, cluster.mix.words) = (0, 0);
        cluster.mix = Mix { letter_count: 1.0, word_count: 0.0, ..cluster.mix };
        cluster.config.combine = combine;
        // Letters stand for themselves: a pair is a key and a byte that ends it, ten without a combiner and six with one.
        cluster.files.sizes = [2, 2, 3, 3].map(Bytes).to_vec();
        let run = cluster.run();
        assert_eq!(done(&run), 1);
        let job = Job { function: Function::LetterCount, text: Text::LETTERS, reduces: 1 };
        assert_eq!(sequential(&job), "A 5\nB 4\nC 1\n");
        let reduce = run.tasks.tasks.iter().find(|task| task.kind == "reduce").unwrap();
        assert_eq!(reduce.bytes, if combine { 12 } else { 20 });
    }
}

/// M3, V25: so many waves as it takes.
#[test]
fn equal_tasks_take_waves() {
    for (maps, workers, waves) in [(200, 50, 4), (100, 10, 10), (7, 3, 3), (15_000, 1746, 9)] {
        let mut cluster = Cluster::equal(maps, workers);
        (cluster.config.beat, cluster.config.patience) = (100.ms(), 1.s());
        nearly(cluster.map_phase(), f64::from(waves));
    }
}

/// M7: one worker of fifty is ten times slower.
#[test]
fn a_backup_overtakes_a_slow_worker() {
    let mut cluster = Cluster::equal(200, 50);
    let of = workers(2..=2);
    cluster.faults = vec![fault(1.us(), None, Fault::Slow { of, factor: 10.0 })];
    nearly(cluster.map_phase(), 10.0);
    cluster.config.backups = Backups::Behind(1.5);
    nearly(cluster.map_phase(), 5.0);
}

/// M7: workers die, and what they had mapped is mapped again; whether they come back at once makes no difference to fifty.
#[test]
fn what_dead_workers_had_mapped_is_mapped_again() {
    for lasts in [None, Some(1.us())] {
        let mut cluster = Cluster::equal(200, 50);
        cluster.faults = vec![fault(2510.ms(), lasts, Fault::Crash(workers(2..=7)))];
        nearly(cluster.map_phase(), 5.0);
    }
    let mut cluster = Cluster::equal(100, 10);
    nearly(cluster.map_phase(), 10.0);
    cluster.faults = vec![fault(4510.ms(), None, Fault::Crash(workers(2..=3)))];
    nearly(cluster.map_phase(), 13.0);
}

/// A worker that dies while the master is down was never heard of by the master that comes back; what it had mapped is mapped
/// again all the same.
#[test]
fn who_died_while_the_master_was_down_is_given_up() {
    let mut cluster = Cluster { timeout: 5.s(), ..Cluster::equal(40, 10) };
    let dies = fault(1600.ms(), None, Fault::Crash(workers(3..=3)));
    cluster.faults = vec![fault(1500.ms(), Some(300.ms()), Fault::Crash(workers(1..=1))), dies];
    let run = cluster.run();
    assert_eq!(done(&run), 1);
    assert!(run.tasks.tasks.iter().any(|task| task.why == Why::Again));
}

/// The master crashes, and the only client waits too long to ask again: the output is there and is judged.
#[test]
fn an_output_is_judged_when_it_is_there() {
    let mut cluster = Cluster { until: 20.s(), ..Cluster::equal(40, 10) };
    cluster.faults = vec![fault(1500.ms(), Some(300.ms()), Fault::Crash(workers(1..=1)))];
    let run = cluster.run();
    assert_eq!(done(&run), 0, "nobody was told");
    for property in &run.properties {
        let judged = u64::from(
            ["the output is that of a sequential run", "each part of an output counts once", "a job is done"]
                .contains(&property.name),
        );
        assert!(property.held >= judged, "{} was not judged", property.name);
    }
}

/// The server of the file system on a worker's machine dies, and the worker does not: it asks another server.
#[test]
fn who_has_no_file_server_beside_it_asks_another_one() {
    let mut cluster = Cluster::equal(40, 10);
    (cluster.files.replicas, cluster.config.retry) = (3, 100.ms());
    let dies = Fault::Crash(vec![Pick::Node("files-3".into())]);
    cluster.faults = vec![fault(100.ms(), None, dies)];
    let run = cluster.run();
    assert_eq!(done(&run), 1);
    let worked =
        run.tasks.tasks.iter().filter(|task| task.node == NodeId(13)).filter(|task| task.how == How::Done);
    assert!(worked.count() >= 3, "it went on working");
}

/// Where tasks go to whoever is free, one in ten meets its chunk; where they go to their chunks, all do.
#[test]
fn without_locality_chunks_are_seldom_read_where_they_lie() {
    let local = |locality: bool| {
        let mut cluster = Cluster::equal(200, 10);
        cluster.config.locality = locality;
        let run = cluster.run();
        assert_eq!(done(&run), 1);
        let maps = run.tasks.tasks.iter().filter(|task| task.kind == "map");
        maps.filter(|task| task.local > 0).count()
    };
    assert_eq!(local(true), 200);
    let found = local(false);
    assert!((1..60).contains(&found), "{found} of 200");
}

/// Tasks that take so many seconds, on so many workers.
fn given(seconds: &[u64], workers: u32, order: Order) -> f64 {
    let mut cluster = Cluster::equal(seconds.len() as u32, workers);
    cluster.files.sizes = seconds.iter().map(|seconds| Bytes(seconds * 1_000_000)).collect();
    cluster.config = Config { order, locality: false, per: Bytes(1_000_000), ..cluster.config };
    cluster.map_phase()
}

/// M4: Graham's worst cases. A list may be as bad as 2 - 1/m, and the longest first as bad as 4/3 - 1/3m, beside the best.
#[test]
fn lists_are_as_bad_as_graham_says() {
    for m in [2_u64, 3, 4] {
        let mut seconds = vec![1; (m * (m - 1)) as usize];
        seconds.push(m);
        nearly(given(&seconds, m as u32, Order::Given), (2 * m - 1) as f64);
        nearly(given(&seconds, m as u32, Order::LongestFirst), m as f64);
    }
    for (seconds, m, longest_first) in [
        (&[3, 3, 2, 2, 2][..], 2, 7.0),
        (&[5, 5, 4, 4, 3, 3, 3], 3, 11.0),
        (&[7, 7, 6, 6, 5, 5, 4, 4, 4], 4, 15.0),
    ] {
        nearly(given(seconds, m, Order::LongestFirst), longest_first);
    }
}

/// M5: of so many tasks with exponential times the last takes the harmonic number on average, and half of that where each has a
/// backup from the beginning. The mean of 300 runs has a standard deviation of 0.074 and 0.037.
#[test]
fn the_last_of_many_takes_the_harmonic_number() {
    let n = 50;
    let harmonic: f64 = (1..=n).map(|k| 1.0 / f64::from(k)).sum();
    let mean = |workers: u32, backups: Backups| {
        let mut cluster = Cluster::equal(n, workers);
        cluster.config =
            Config { map: Delay::Exponential(1.s()), backups, locality: false, ..cluster.config };
        (cluster.config.beat, cluster.config.patience) = (20.ms(), 1.s());
        (1..=300).map(|seed| Cluster { seed, ..cluster.clone() }.map_phase()).sum::<f64>() / 300.0
    };
    let alone = mean(n, Backups::Never);
    assert!((alone - harmonic).abs() < 3.0 * 0.074, "{alone} and not {harmonic}");
    let backed = mean(2 * n, Backups::Behind(0.0));
    assert!((backed - harmonic / 2.0).abs() < 3.0 * 0.037 + 0.02, "{backed} and not {}", harmonic / 2.0);
}

/// A cluster like that of the paper, a tenth as large: sorting, of which the network and the reducers take most.
fn sorting() -> Cluster {
    let mut cluster = Cluster::equal(1_500, 170);
    cluster.files = dfs::Config { chunks: 1_500, words: 40, replicas: 2, retry: 100.s(), ..cluster.files };
    cluster.mix = Mix { word_count: 0.0, sort: 1.0, words: 40, reduces: 400, ..cluster.mix };
    cluster.config = Config {
        map_slots: 2,
        reduce_slots: 2,
        map: Delay::Constant(10.s()),
        reduce: Delay::Constant(20.s()),
        beat: 500.ms(),
        patience: 5.s(),
        fetch_from: 0.05,
        retry: 200.s(),
        ..cluster.config
    };
    Cluster { nic: Some(Rate(125_000_000)), until: 4_000.s(), timeout: 4_000.s(), ..cluster }
}

fn took(run: &Run) -> f64 {
    let operations = run.histories[0].operations();
    operations[0].latency().expect("the job is done in time").as_secs()
}

/// M2, the shape of §5: a few stragglers cost much without backups and little with them, which are little work; and to lose an
/// eighth of the workers costs little.
#[test]
fn stragglers_and_lost_workers_cost_what_the_paper_says() {
    let backed = Config { backups: Backups::Behind(1.5), ..sorting().config };
    // One of 170 limps: a third of a percent of the runs would be two of them.
    let slow = vec![fault(1.us(), None, Fault::Slow { of: workers(5..=5), factor: 4.0 })];
    let with = Cluster { config: backed.clone(), faults: slow.clone(), ..sorting() }.run();
    let without = Cluster { faults: slow, ..sorting() }.run();
    let ratio = took(&without) / took(&with);
    assert!((1.2..1.7).contains(&ratio), "{ratio}: {} s and {} s", took(&without), took(&with));
    let spent = |keep: fn(&&Task) -> bool| {
        let tasks = with.tasks.tasks.iter().filter(keep);
        tasks.map(|task| task.ended.unwrap().since(task.begun).as_secs()).sum::<f64>()
    };
    let share = spent(|task| task.why == Why::Backup) / spent(|_| true);
    assert!(share > 0.0 && share < 0.05, "{share} of the work are backups");

    let calm = Cluster { config: backed.clone(), ..sorting() }.run();
    let dead = vec![fault(30.s(), Some(10.s()), Fault::Crash(workers(10..=29)))];
    let killed = Cluster { config: backed, faults: dead, ..sorting() }.run();
    assert!(killed.tasks.tasks.iter().any(|task| task.why == Why::Again));
    let ratio = took(&killed) / took(&calm);
    assert!((1.0..1.1).contains(&ratio), "{ratio}: {} s and {} s", took(&killed), took(&calm));
}

/// A storm: workers, servers and both masters crash and come back while all kinds of job run.
fn storm(seed: u64, flaw: Option<Flaw>) -> Run {
    let mut cluster = Cluster::equal(12, 6);
    cluster.files = dfs::Config {
        texts: 3,
        replicas: 3,
        beat: 50.ms(),
        patience: 400.ms(),
        retry: 200.ms(),
        ..cluster.files
    };
    cluster.files = dfs::Config { chunk: Bytes(1_000_000), ..cluster.files };
    let shares = Mix { letter_count: 1.0, inverted_index: 1.0, grep: 1.0, sort: 1.0, ..cluster.mix };
    cluster.mix = Mix { reduces: 5, ..shares };
    cluster.config = Config {
        map: Delay::Exponential(50.ms()),
        reduce: Delay::Exponential(50.ms()),
        per: Bytes(1_000_000),
        backups: Backups::Behind(1.5),
        fetch_from: 0.2,
        beat: 20.ms(),
        patience: 100.ms(),
        retry: 200.ms(),
        flaw,
        ..cluster.config
    };
    let crash = |index: u64, service: &str| {
        let number = 1 + (seed * 7 + index * 5) % 7;
        let at = 50.ms() + Span(137_000_000) * index;
        fault(at, Some(60.ms()), Fault::Crash(vec![Pick::Node(format!("{service}-{number}"))]))
    };
    let faults =
        (0..12).map(|index| crash(index, "jobs")).chain((0..6).map(|index| crash(2 * index, "files")));
    Cluster { faults: faults.collect(), jobs: 5, timeout: 3.s(), seed, ..cluster }.run()
}

/// Whatever crashes, every job has the output of a sequential run, byte for byte: the history is explained by it.
#[test]
fn outputs_are_those_of_a_sequential_run() {
    let mut again = 0;
    for seed in 0..40 {
        let run = storm(seed, None);
        assert_eq!(done(&run), 5, "seed {seed}");
        let verdict = run.histories[0].linearizable(Budget::default());
        assert_eq!(verdict.finding, Finding::Linearizable, "seed {seed}");
        again += run.tasks.tasks.iter().filter(|task| task.why == Why::Again).count();
    }
    assert!(again > 40, "{again} tasks were done again");
}

/// When lines are so slow that transfers outlast every timeout, asking again must not be what keeps them busy: who asks again
/// waits longer each time, and whoever learns how long answers take does not ask again at all (RFC 6298; Jacobson 1988).
#[test]
fn slow_lines_make_a_job_slow_and_no_more() {
    let mut cluster = Cluster::equal(80, 10);
    cluster.files = dfs::Config { chunks: 80, words: 60, ..dfs::Config::default() };
    cluster.config = Config { backups: Backups::Never, ..Config::default() };
    cluster.mix = Mix { word_count: 0.0, sort: 1.0, chunks: 80, words: 60, reduces: 20, ..Mix::default() };
    cluster.nic = Some(Rate(12_500_000));
    (cluster.until, cluster.timeout) = (4_000.s(), 4_000.s());
    let took = |cluster: &Cluster| {
        let run = cluster.run();
        let took = run.histories[0].operations()[0].latency().expect("the job is done in time");
        (took.as_secs(), run.traffic.bytes as f64 / 1e9)
    };
    let impatient = took(&cluster);
    (cluster.files.retry, cluster.config.retry) = (4_000.s(), 4_000.s());
    let patient = took(&cluster);
    println!("(s, GB): {impatient:?}; with all the patience there is: {patient:?}");
    assert!(impatient.0 < 1.5 * patient.0, "{impatient:?}, {patient:?}");
    assert!(impatient.1 < 1.5 * patient.1, "{impatient:?}, {patient:?}");
}

/// A reducer waits long for a worker that has been silent for a while. Another's answer, lost meanwhile, is asked for again
/// in its own time.
#[test]
fn who_is_silent_does_not_delay_what_others_are_asked_for() {
    let mut cluster = Cluster::equal(3, 3);
    cluster.files.sizes = [1, 1, 5].map(|seconds| Bytes(seconds * 1_000_000)).to_vec();
    cluster.config = Config {
        order: Order::Given,
        locality: false,
        per: Bytes(1_000_000),
        fetch_from: 0.0,
        patience: 3.s(),
        retry: 1.s(),
        ..cluster.config
    };
    let cut = |from: u32| Fault::OneWay { from: workers(from..=from), to: workers(2..=2) };
    cluster.faults = vec![
        // It maps the second chunk, and the reducer hears nothing of it: not within 1 s, nor in 2 s more, nor in 4 s more.
        fault(1.us(), None, cut(3)),
        fault(1500.ms(), None, Fault::Crash(workers(3..=3))),
        // At 5 s the third chunk is mapped, and what the reducer is sent at once is lost.
        fault(4900.ms(), Some(500.ms()), cut(4)),
    ];
    let run = cluster.run();
    let reduce = run.tasks.tasks.iter().find(|task| task.kind == "reduce").unwrap();
    assert_eq!(reduce.node, NodeId(4 + 1), "the reducer is the one that is cut off");
    // The second chunk is mapped again once the master misses its worker, from 4.5 s on; the third is asked for again at 6 s.
    nearly(took(&run), 6.0);
}

/// On lines where everything takes longer than anybody guesses, a worker asks again for the first of what it reads and writes,
/// and then knows better: what crosses the network in vain is little beside all that crosses it.
#[test]
fn workers_learn_how_long_reading_and_writing_takes() {
    // So many bytes, and with all the patience there is.
    let sent = |mix: Mix, replicas: u32| {
        let mut cluster = Cluster::equal(40, 4);
        cluster.files = dfs::Config {
            sizes: vec![Bytes(1_000_000); 40],
            replicas,
            retry: 1_000.s(),
            patience: 1_000.s(),
            ..cluster.files
        };
        cluster.config = Config {
            locality: false,
            beat: 100.ms(),
            patience: 1_000.s(),
            retry: 100.ms(),
            ..cluster.config
        };
        cluster.mix = Mix { word_count: 0.0, ..mix };
        cluster.nic = Some(Rate(200_000));
        (cluster.until, cluster.timeout) = (4_000.s(), 4_000.s());
        let bytes = |cluster: &Cluster| {
            let run = cluster.run();
            assert_eq!(done(&run), 1);
            run.traffic.bytes as f64
        };
        let impatient = bytes(&cluster);
        cluster.config.retry = 1_000.s();
        impatient / bytes(&cluster)
    };
    let base = Cluster::equal(40, 4).mix;
    let reading = sent(Mix { grep: 1.0, ..base }, 1);
    let writing = sent(Mix { sort: 1.0, reduces: 40, ..base }, 2);
    println!("reading {reading:.3}, writing {writing:.3}");
    assert!(reading < 2.5, "{reading}");
    assert!(writing < 3.5, "{writing}");
}
