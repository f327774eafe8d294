//! What we demand of ours, and whether it holds.

use crate::{
    plan::{HEAP, LOOP, OURS, SIMCORE, SMALL, SYSTEMS, thousands},
    samples::Samples,
};
use harness::Workload::{self, Gossip, Phold, PingPong, Seeds, Timeouts};

/// How ours should stand to another.
enum Demand {
    /// At most so many times its time.
    AtMost(f64),
    /// So many times faster, at least.
    Faster(f64),
}
use Demand::{AtMost, Faster};

/// A demand: the workload, its size, the other system, and how ours should stand to it.
const DEMANDS: &[(Workload, u64, &str, Demand)] = &[
    (Phold, 1_000, LOOP, AtMost(1.6)),
    (Phold, 100_000, LOOP, AtMost(3.5)),
    (Phold, 1_000_000, LOOP, AtMost(3.0)),
    (Phold, 1_000, HEAP, Faster(1.15)),
    (Phold, 100_000, HEAP, Faster(1.4)),
    (Phold, 1_000_000, HEAP, Faster(2.8)),
    (Phold, 1_000, SIMCORE, Faster(2.0)),
    (Phold, 100_000, SIMCORE, Faster(3.0)),
    (Phold, 1_000_000, SIMCORE, Faster(6.0)),
    (PingPong, 2, SMALL, AtMost(1.6)),
    (PingPong, 2, BEST_PEER, Faster(1.0)),
    (Gossip, 1_000, SMALL, AtMost(1.4)),
    (Gossip, 100_000, SMALL, AtMost(1.4)),
    (Gossip, 1_000, SIMCORE, Faster(1.9)),
    (Gossip, 100_000, SIMCORE, Faster(1.9)),
    (Timeouts, 1_000, LOOP, AtMost(1.6)),
    (Timeouts, 100_000, LOOP, AtMost(1.6)),
    (Seeds, 10, SMALL, AtMost(2.0)),
    (Seeds, 10, BEST_PEER, Faster(1.0)),
];

/// Whichever peer is the fastest.
const BEST_PEER: &str = "every peer";

/// A line for every demand.
pub(crate) fn text(samples: &Samples) -> String {
    let mut text = "What is demanded, and whether it holds:\n\n".to_string();
    for (workload, size, other, demand) in DEMANDS {
        text += &line(samples, *workload, *size, other, demand);
    }
    if let Some(ours) = samples.least(OURS, Seeds, 10) {
        text += &format!("- three nodes for 10 s: {} runs a second\n", thousands((1e9 / ours) as u64));
    }
    text
}

fn line(samples: &Samples, workload: Workload, size: u64, other: &str, demand: &Demand) -> String {
    let theirs = if other == BEST_PEER {
        let peers = SYSTEMS.iter().filter(|system| system.is_peer());
        let times = peers.filter_map(|peer| samples.least(peer.name, workload, size));
        times.min_by(f64::total_cmp)
    } else {
        samples.least(other, workload, size)
    };
    let what = format!("{} {}", crate::plan::name(workload), thousands(size));
    let wanted = match demand {
        AtMost(most) => format!("at most {most}× the time of {other}"),
        Faster(1.0) => format!("not slower than {other}"),
        Faster(times) => format!("at least {times}× faster than {other}"),
    };
    let (Some(ours), Some(theirs)) = (samples.least(OURS, workload, size), theirs) else {
        return format!("- {what}: {wanted}: not measured\n");
    };
    let (measured, holds) = match demand {
        AtMost(most) => (ours / theirs, ours / theirs <= *most),
        Faster(times) => (theirs / ours, theirs / ours >= *times),
    };
    let sign = if holds { '✔' } else { '✘' };
    format!("- {sign} {what}: {wanted}: {measured:.2}×\n")
}
