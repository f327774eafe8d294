//! What a fault did, in words: first what it did to whom, then the traces it left, and no word about what it did not do.
//!
//! The same counter means different things for different faults: what a full disk drops are syncs, and what a slow
//! processor delays are inputs. [`Trace`] has a word for each, so that sums over many faults add like to like.

use crate::words::{count, counted, node, short, times};
use sim_core::{
    fault::{Area, Fault},
    judged::Judged,
    run::{Effect, FaultReport, Run},
};

/// Something of which a fault left so many. In the order in which they are told: what is worst comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trace {
    SyncsFailed,
    BootsRefused,
    SyncsHung,
    SyncsSlow,
    InputsSlow,
    InputsHeld,
    ClocksRead,
    RecordsLost,
    RecordsErased,
    RecordsDamaged,
    BootsFailed,
    MessagesDropped,
    MessagesHeld,
    MessagesLate,
    MessagesDamaged,
    MessagesTwice,
    QuorumLost,
    LeaderChanges,
    RoleChanges,
    InFlight,
    NodesSpared,
}

impl Trace {
    /// So many of them, at least one.
    pub(crate) fn phrase(self, number: u64) -> String {
        let of = |noun: &str, verb: &str| format!("{} {verb}", counted(number, noun));
        match self {
            Trace::BootsRefused => of("boot", "refused"),
            Trace::SyncsFailed if number == 1 => "1 sync or boot failed".into(),
            Trace::SyncsFailed => format!("{} syncs or boots failed", count(number)),
            Trace::BootsFailed => of("boot", "found it"),
            Trace::SyncsHung => of("sync", "hung"),
            Trace::SyncsSlow => of("sync", "took longer"),
            Trace::InputsSlow => of("input", "took longer"),
            Trace::InputsHeld => of("input", "held back"),
            Trace::ClocksRead => format!("wrong time read {}", times(number)),
            Trace::RecordsLost => of("record", "lost"),
            Trace::RecordsErased => of("record", "erased"),
            Trace::RecordsDamaged => of("record", "damaged"),
            Trace::MessagesDropped => of("message", "dropped"),
            Trace::MessagesHeld => of("message", "held back"),
            Trace::MessagesLate => of("message", "delayed"),
            Trace::MessagesDamaged => of("message", "damaged"),
            Trace::MessagesTwice => of("message", "arrived twice"),
            Trace::QuorumLost if number == 1 => "quorum lost".into(),
            Trace::QuorumLost => format!("quorum lost {}", times(number)),
            Trace::LeaderChanges => counted(number, "leader change"),
            Trace::RoleChanges => counted(number, "role change"),
            Trace::InFlight => of("call", "in flight"),
            Trace::NodesSpared => of("node", "spared"),
        }
    }
}

/// The traces of a fault, without those of which there is none.
pub(crate) fn traces(report: &FaultReport) -> Vec<(Trace, u64)> {
    let Effect {
        nodes: _,
        spared,
        dropped,
        failed,
        delayed,
        duplicated,
        corrupted,
        misled,
        records,
        in_flight,
        role_changes,
        leader_changes,
        quorum_lost,
    } = report.effect;
    let fault = report.planned.fault.plain();
    // Calls in flight at the end of some harm are not its doing.
    let in_flight = if fault.harms() { in_flight } else { 0 };
    let area = fault.area();
    let when_delayed = match area {
        Some(Area::Network) if matches!(fault, Fault::Clog { .. }) => Trace::MessagesHeld,
        Some(Area::Network) => Trace::MessagesLate,
        Some(Area::Hosts) if matches!(fault, Fault::Slow { .. }) => Trace::InputsSlow,
        Some(Area::Disks) if matches!(fault, Fault::DiskSlow { .. }) => Trace::SyncsSlow,
        Some(Area::Disks) => Trace::SyncsHung,
        Some(Area::Hosts | Area::Clocks) | None => Trace::InputsHeld,
    };
    let rot = matches!(fault, Fault::BitRot { .. });
    let of_records = match () {
        () if rot => Trace::RecordsDamaged,
        () if matches!(fault, Fault::Wipe(_)) => Trace::RecordsErased,
        () => Trace::RecordsLost,
    };
    let when_failed = match () {
        () if rot => Trace::BootsFailed,
        () if matches!(fault, Fault::Restart(_)) => Trace::BootsRefused,
        () => Trace::SyncsFailed,
    };
    let mut traces = vec![
        (when_failed, failed),
        (Trace::MessagesDropped, dropped),
        (when_delayed, delayed),
        (Trace::MessagesTwice, duplicated),
        (Trace::MessagesDamaged, corrupted),
        (Trace::ClocksRead, misled),
        (of_records, records),
        (Trace::QuorumLost, quorum_lost.into()),
        (Trace::LeaderChanges, leader_changes),
        (Trace::RoleChanges, role_changes),
        (Trace::InFlight, in_flight),
        (Trace::NodesSpared, spared.into()),
    ];
    traces.retain(|(_, number)| *number > 0);
    traces.sort_unstable();
    traces
}

/// What a fault that bit did: `killed db-4: 110 messages dropped; 2 calls in flight`.
pub(crate) fn did(judged: &Judged, report: &FaultReport) -> String {
    let deed = deed(&judged.run, report);
    let traces: Vec<String> =
        traces(report).into_iter().map(|(trace, number)| trace.phrase(number)).collect();
    if traces.is_empty() { deed } else { format!("{deed}: {}", traces.join("; ")) }
}

/// What it did to whom. A node that stands alone is named.
fn deed(run: &Run, report: &FaultReport) -> String {
    let nodes = u64::from(report.effect.nodes);
    let alone = match report.chose.concat()[..] {
        [only] if nodes == 1 => Some(node(run, only)),
        _ => None,
    };
    let who = alone.clone().unwrap_or_else(|| counted(nodes, "node"));
    let its = |noun: &str| match &alone {
        Some(name) => format!("the {noun} of {name}"),
        None => counted(nodes, noun),
    };
    let sizes: Vec<u64> =
        report.chose.iter().map(|group| group.len() as u64).filter(|len| *len > 0).collect();
    let (from, to) = (sizes.first().copied().unwrap_or(0), sizes.get(1).copied().unwrap_or(0));
    match report.planned.fault.plain() {
        Fault::Split(_) | Fault::Halves(_) | Fault::MinorityThird(_) => match sizes.len() {
            2 => format!("cut {} off from {}", counted(from, "node"), count(to)),
            groups => format!("cut {who} into {}", counted(groups as u64, "group")),
        },
        Fault::Bridge(_) => format!("left {} and {} but one bridge", counted(from, "node"), count(to)),
        Fault::OneWay { .. } => format!("{} no longer heard {}", counted(to, "node"), count(from)),
        Fault::Isolate(_) => format!("cut off {who}"),
        Fault::MajoritiesRing(_) => format!("put {who} on a ring"),
        Fault::Clog { .. } => format!("clogged what {} sent to {}", counted(from, "node"), count(to)),
        Fault::Lose { .. } => format!("lost what {} sent to {}", counted(from, "node"), count(to)),
        Fault::Degrade { .. } => format!("worsened links from {} to {}", counted(from, "node"), count(to)),
        Fault::DegradeNic { .. } => format!("worsened the links of {who}"),
        Fault::Ranks { .. } => format!("ranked what {who} sent"),
        Fault::Heal | Fault::End(_) => format!("freed {who}"),
        Fault::Crash(_) => format!("killed {who}"),
        Fault::PowerLoss(_) => format!("cut the power of {who}"),
        Fault::Wipe(_) => format!("wiped {who}"),
        Fault::Restart(_) if report.effect.nodes == 0 => "booted nobody".into(),
        Fault::Restart(_) => format!("booted {who}"),
        Fault::Pause(_) => format!("froze {who}"),
        Fault::Resume(_) => format!("let {who} go on"),
        Fault::Slow { .. } => format!("slowed {who}"),
        Fault::ClockJump { .. } => format!("set {} off", its("clock")),
        Fault::ClockDrift { .. } => format!("let {} drift", its("clock")),
        Fault::ClockStrobe { .. } => format!("set {} off and right", its("clock")),
        Fault::ClockReset(_) => format!("set {} right", its("clock")),
        Fault::DiskSlow { .. } => format!("slowed {}", its("disk")),
        Fault::DiskStall(_) => format!("stalled {}", its("disk")),
        Fault::DiskFull(_) => format!("filled {}", its("disk")),
        Fault::BitRot { .. } => format!("let bits rot on {}", its("disk")),
        Fault::Gray(..) => format!("changed {who}"),
    }
}

/// Why a fault that struck bit nothing.
pub(crate) fn idle(report: &FaultReport) -> String {
    let fault = report.planned.fault.plain();
    let effect = report.effect;
    let chosen = report.chose.iter().any(|group| !group.is_empty());
    if effect.spared > 0 {
        let noun = if matches!(fault, Fault::BitRot { .. }) { "record" } else { "node" };
        return format!("bit nothing: {} spared", counted(effect.spared.into(), noun));
    }
    let why: String = match fault {
        Fault::Heal => "the network was whole".into(),
        Fault::End(name) => format!("{} was not in force", short(&name, 40)),
        _ if !chosen => "nobody to choose".into(),
        Fault::Split(_)
        | Fault::OneWay { .. }
        | Fault::Isolate(_)
        | Fault::Halves(_)
        | Fault::Bridge(_)
        | Fault::MinorityThird(_)
        | Fault::MajoritiesRing(_)
        | Fault::Lose { .. }
        | Fault::Clog { .. } => "no message met it".into(),
        Fault::Degrade { .. } | Fault::DegradeNic { .. } | Fault::Ranks { .. } => {
            "no message fared worse".into()
        }
        Fault::Crash(_) | Fault::PowerLoss(_) | Fault::Wipe(_) => "nobody to kill".into(),
        Fault::Restart(_) => "nobody was down".into(),
        Fault::Pause(_) => "nothing had to wait".into(),
        Fault::Resume(_) => "nobody was frozen".into(),
        Fault::Slow { .. } => "no input took longer".into(),
        Fault::ClockJump { .. } | Fault::ClockDrift { .. } | Fault::ClockStrobe { .. } => {
            "nobody looked at the clock".into()
        }
        Fault::ClockReset(_) => "no clock to set".into(),
        Fault::DiskSlow { .. } | Fault::DiskStall(_) | Fault::DiskFull(_) => "no sync met it".into(),
        Fault::BitRot { .. } => "no record to damage".into(),
        Fault::Gray(..) => "nobody was changed".into(),
    };
    format!("bit nothing: {why}")
}
