//! The measurement of Figure 16 of the Raft paper, from a scenario file.

use sim::{
    Registry,
    core::{
        protocol::{NodeId, Role},
        rng::{Keys, Purpose},
        time::{Span, Time},
        trace::Kind,
    },
    scenarios::{plan::Plan, play, read, set::set},
};

/// The ranges of election timeouts that the paper compares, in milliseconds.
pub(crate) const RANGES: [(u64, u64); 8] =
    [(12, 24), (25, 50), (50, 100), (100, 200), (150, 155), (150, 175), (150, 200), (150, 300)];

/// When the timers of those who are left begin: the last heartbeat of the old leader.
const HEARTBEAT: Time = Time(4_010_000_000);
const SCENARIO: &str = "scenarios/raft/figure-16.ron";

/// So often a new leader was found so long after the old one died, in milliseconds and ascending. Trials in which the leader
/// was another one than planned, or none was found in time, do not count.
pub(crate) fn times(range: (u64, u64), trials: u64) -> Vec<f64> {
    let registry = Registry::standard();
    let (low, high) = range;
    let text = std::fs::read_to_string(SCENARIO).expect("the scenario is there");
    let text =
        set(&text, "services.db.with.election", &format!("(\"{low}ms\", \"{high}ms\")")).expect("a range");
    let heartbeat = format!("\"{}us\"", low * 500);
    let text = set(&text, "services.db.with.heartbeat", &heartbeat).expect("a span");
    let scenario = read::read(SCENARIO, &text, &registry).expect("it is right");
    let mut times: Vec<f64> = (0..trials)
        .filter_map(|seed| {
            let plan = Plan::new(&scenario, seed);
            let run = play::run(&registry, &plan, play::Detail::Trace, &mut |_, _, _| {})
                .expect("it can be played");
            let led =
                run.roles.iter().rev().find(|change| change.at < HEARTBEAT && change.role == Role("leader"));
            led.filter(|change| change.node == NodeId(0))?;
            let heard = |node| {
                let trace = run.trace.as_ref().expect("it was asked for").entries();
                let mut news = trace.filter(|entry| entry.at >= HEARTBEAT && entry.node == node);
                news.find(|entry| entry.kind == Kind::Deliver && entry.text.starts_with("AppendEntries"))
                    .map(|entry| entry.at)
            };
            let elected =
                run.roles.iter().find(|change| change.at >= HEARTBEAT && change.role == Role("leader"))?;
            let others = (1..5).map(NodeId).filter(|&node| node != elected.node);
            let all = others.map(heard).collect::<Option<Vec<Time>>>()?.into_iter().max()?;
            // "The leader was crashed randomly within its heartbeat interval", half the minimum timeout.
            let mut rng = Keys::new(seed).stream(Purpose::Test, 0, 0);
            let alive = Span(rng.below(low * 500_000));
            // What the paper's servers took besides, fitted to its data.
            Some(all.since(HEARTBEAT).as_millis() - alive.as_millis() + 6.0)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times
}

/// The published times of a range, ascending, from the raw data beside the checkout; `None` where that is not there.
pub(crate) fn published(range: (u64, u64)) -> Option<Vec<f64>> {
    let text = std::fs::read_to_string("../shared/corpora/raft/fig16.csv").ok()?;
    let name = format!("{}-{}", range.0, range.1);
    let line = |line: &str| {
        let mut cells = line.split(',');
        (cells.next() == Some(&name)).then(|| cells.nth(1).and_then(|time| time.trim().parse().ok()))?
    };
    let mut times: Vec<f64> = text.lines().filter_map(line).collect();
    times.sort_by(f64::total_cmp);
    Some(times)
}

/// The Kolmogorov–Smirnov distance of two samples, each ascending.
pub(crate) fn distance(a: &[f64], b: &[f64]) -> f64 {
    let share = |sample: &[f64], at: f64| sample.partition_point(|&x| x <= at) as f64 / sample.len() as f64;
    a.iter().chain(b).map(|&at| (share(a, at) - share(b, at)).abs()).fold(0.0, f64::max)
}

/// The time within which this share of the trials ended.
pub(crate) fn quantile(times: &[f64], share: f64) -> f64 {
    times[((times.len() - 1) as f64 * share).round() as usize]
}
