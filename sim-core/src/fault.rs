//! Faults as data: what goes wrong, when, and for whom. The same types are read from scenario files, carried by plans
//! and shown in reports; nothing here acts. `world/faults.rs` carries them out.

use crate::{
    link::{Impairment, Pipe},
    rng::Chance,
    sample::Delay,
    size::{Bytes, Rate},
    time::{Span, Time},
};
use alloc::{string::String, vec, vec::Vec};
use core::fmt;
use serde::{Deserialize, Serialize};

/// A fault with its moment.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedFault {
    /// What reports and other faults call it; unique in a plan.
    pub name: String,
    /// When it strikes.
    pub when: Schedule,
    /// How long until it ends by itself: a cut heals, a crashed node restarts, a paused one resumes.
    pub lasts: Option<Span>,
    /// Whom it must spare.
    pub keep: Keep,
    /// What happens.
    pub fault: Fault,
    /// A sentence for the reader of the report; may be empty.
    pub say: String,
}

impl PlannedFault {
    /// A fault at a known moment, for so long or to the end, that spares nobody.
    pub fn at(name: &str, at: Time, lasts: Option<Span>, fault: Fault) -> PlannedFault {
        let (when, keep) = (Schedule::At(at), Keep::Nothing);
        PlannedFault { name: name.into(), when, lasts, keep, fault, say: String::new() }
    }
}

/// When a fault strikes.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// At this moment.
    At(Time),
    /// So long after the fault of this name, which stands earlier in the plan, has struck.
    After(String, Span),
    /// As soon as this holds.
    When {
        /// What is waited for.
        condition: Condition,
        /// Not before this.
        from: Time,
        /// If it has not held by then, the fault strikes then.
        latest: Option<Time>,
    },
}

/// What may be waited for. It is looked at whenever it may have come true; the fault strikes one nanosecond later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Condition {
    /// Some server has this role.
    Role(String),
    /// No server has this role.
    NoRole(String),
    /// This role was taken so many times in the run, by whichever server.
    RoleTaken(String, u32),
    /// The epoch, term or ballot of some server is at least this.
    Epoch(u64),
    /// So many calls of clients were answered with a result.
    Answered(u64),
    /// A server shows, under this label, a number of at least this: `Shows("commit", 100)`. A node counts by its number, from 0 over
    /// all services.
    Shows(String, u64),
    /// A node of this service takes another role: it becomes leader, or steps down, or boots. That it dies or freezes is
    /// no role that it takes.
    RoleChange(String),
    /// A node of this service has written what its disk has not synced: a crash may lose it.
    Unsynced(String),
    /// The nodes of this service have handled so many inputs, counted from when the fault begins to wait. What falls between
    /// two inputs is a moment at which a process can die, and all such moments are equally near.
    Handled(String, u64),
}

/// Whom a fault spares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Keep {
    /// Nobody.
    #[default]
    Nothing,
    /// Every service keeps a majority of nodes that run, reach one another, and are free of what this and all other faults
    /// do to hosts, clocks and disks; and a disk is wiped or damaged, or a node with a damaged one restarted, only if others,
    /// a majority, hold all that its logs do. What would break that is spared; a cut that would is over at once.
    Quorum,
}

/// What can go wrong. Every variant bites or says that it did not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Fault {
    /// Cuts the network between groups: nodes of different groups cannot reach one another in either direction.
    /// A node in no group still reaches everybody. Messages on their way when the cut strikes are lost too.
    Split(Vec<Vec<Pick>>),
    /// Cuts one direction only: messages from `from` to `to` are lost, answers in the other direction still pass.
    OneWay {
        /// The senders that are no longer heard.
        from: Vec<Pick>,
        /// Those who no longer hear them.
        to: Vec<Pick>,
    },
    /// Cuts each of these nodes off from everybody, clients included.
    Isolate(Vec<Pick>),
    /// Cuts these nodes into two halves, drawn by the seed; of an odd number the first half is the smaller one.
    Halves(Vec<Pick>),
    /// Cuts these nodes into two halves that only one node, drawn by the seed, still reaches both of. Needs three.
    Bridge(Vec<Pick>),
    /// Cuts less than a third of these nodes, as many as that allows but at least one, off from the rest of them.
    MinorityThird(Vec<Pick>),
    /// Puts these nodes on a ring, where each reaches only its nearest neighbours, just enough for a majority: everybody
    /// sees a majority, and no two see the same. The order is drawn by the seed; where every node is given by name, it
    /// is the order in which they stand. Needs four.
    MajoritiesRing(Vec<Pick>),
    /// Holds messages from `from` to `to` back until the end, and releases them then: late, but not lost.
    Clog {
        /// The senders.
        from: Vec<Pick>,
        /// The receivers.
        to: Vec<Pick>,
    },
    /// Loses the next so many messages from `from` to `to`, those that the links themselves would not have lost, and is over
    /// then, if not before. In a connection what is lost is sent again.
    Lose {
        /// The senders.
        from: Vec<Pick>,
        /// The receivers.
        to: Vec<Pick>,
        /// How many; at least 1.
        messages: u32,
    },
    /// Makes links worse in one direction, beside what they do anyway.
    Degrade {
        /// The senders.
        from: Vec<Pick>,
        /// The receivers.
        to: Vec<Pick>,
        /// What gets worse.
        link: Impairment,
    },
    /// Makes everything worse that these nodes send and receive.
    DegradeNic {
        /// The nodes.
        of: Vec<Pick>,
        /// What gets worse.
        link: Impairment,
    },
    /// Gives these nodes ranks, drawn by the seed; where every node is given by name, in the order in which they stand. What
    /// the first sends arrives as ever, what the second sends takes a step longer, what the third sends two. Where steps
    /// are longer than delays, whoever ranks first is always first: an order that delays alone hardly ever bring about.
    /// (The schedules of Burckhardt et al., "A randomized scheduler with probabilistic guarantees of finding bugs", 2010;
    /// each such fault is a change of priorities.)
    Ranks {
        /// The nodes.
        of: Vec<Pick>,
        /// More than nothing.
        step: Span,
    },
    /// Ends every fault of the network that is in force.
    Heal,
    /// Kills processes: memory is gone, of the disk remains what was synced and perhaps part of what was not.
    Crash(Vec<Pick>),
    /// Cuts the power: as a crash, but of what was not being synced nothing remains, and of a sync under way a prefix. The
    /// record after that is torn: its checksum tells, and the next life cuts it off. Connections are not reset; the peers
    /// find out.
    PowerLoss(Vec<Pick>),
    /// Kills processes and erases their disks: the next life begins with nothing.
    Wipe(Vec<Pick>),
    /// Boots nodes that are down.
    Restart(Vec<Pick>),
    /// Freezes processes, as a long garbage collection or SIGSTOP would: messages and timers wait, nothing is lost.
    Pause(Vec<Pick>),
    /// Lets frozen processes go on; what waited arrives at once.
    Resume(Vec<Pick>),
    /// Makes processors slow: what takes processor time takes so many times as long.
    Slow {
        /// The nodes.
        of: Vec<Pick>,
        /// Above 1.
        factor: f64,
    },
    /// Sets clocks ahead or back at once; set right again at the end.
    ClockJump {
        /// The nodes.
        of: Vec<Pick>,
        /// How far.
        by: Shift,
    },
    /// Makes clocks run fast, or slow where negative: by 0.01 they gain 10 ms a second. What they gained remains when
    /// the fault is over.
    ClockDrift {
        /// The nodes.
        of: Vec<Pick>,
        /// The share of time by which they run fast: at least -0.999, at most 1, not 0.
        by: f64,
    },
    /// Sets clocks ahead or back and right again, over and over.
    ClockStrobe {
        /// The nodes.
        of: Vec<Pick>,
        /// How far.
        by: Shift,
        /// From one change to the next.
        every: Span,
    },
    /// Sets clocks to what they would show without faults, and ends every fault of theirs.
    ClockReset(Vec<Pick>),
    /// Makes disks slow: writes and syncs take so many times as long.
    DiskSlow {
        /// The nodes.
        of: Vec<Pick>,
        /// Above 1.
        factor: f64,
    },
    /// Makes disks hang: no sync is over before the fault is.
    DiskStall(Vec<Pick>),
    /// Fills disks: the next sync that has something to write fails, and the process stops, as those of most databases
    /// do. It does not start before the fault is over.
    DiskFull(Vec<Pick>),
    /// Damages records that were synced. Whoever reads them finds that the checksum is wrong, at its next boot; what
    /// follows is the service's `disk.damage`.
    BitRot {
        /// The nodes.
        of: Vec<Pick>,
        /// Records per node, drawn by the seed.
        records: u32,
    },
    /// A ready-made gray failure: the node looks alive, and does not do its work.
    Gray(Gray, Vec<Pick>),
    /// Ends the fault of this name, if it is in force.
    End(String),
}

/// Ready-made gray failures (Huang et al., "Gray failure: the Achilles' heel of cloud-scale systems", 2017; Do et al.,
/// "Limplock: understanding the impact of limpware on scale-out cloud systems", 2013). The numbers are round, and of
/// the size that those papers report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Gray {
    /// A network interface that loses one message in twenty, both ways.
    LossyNic,
    /// A gigabit interface that has fallen back to one megabit a second.
    LimpingNic,
    /// An interface that adds 10 ms to half of all messages, and 200 ms to one in a hundred.
    JitteryNic,
    /// An interface that sends and does not receive: heartbeats go out, nothing comes in.
    DeafNic,
    /// An interface that receives and does not send.
    MuteNic,
    /// A disk that takes fifty times as long.
    SlowDisk,
    /// A processor that takes ten times as long.
    SlowCpu,
}

/// How far a clock is set, and in which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Shift {
    /// It shows a later time.
    Ahead(Span),
    /// It shows an earlier time.
    Behind(Span),
}

impl Shift {
    /// In nanoseconds; negative when behind.
    pub fn nanoseconds(self) -> i64 {
        let length = |span: Span| span.0.min(i64::MAX as u64 / 4) as i64;
        match self {
            Shift::Ahead(span) => length(span),
            Shift::Behind(span) => -length(span),
        }
    }
}

/// For whom. Picks of one fault are resolved when it strikes, from left to right and `Rest` after all others; no node is
/// chosen twice, except by `Everybody`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Pick {
    /// The node of this name, such as `db-1`.
    Node(String),
    /// Every node of this service; `clients` are a service too.
    Service(String),
    /// Every server whose protocol says that this is its role at that moment, such as `leader`. None may have it.
    Role(String),
    /// Every node in this zone.
    Zone(String),
    /// Every node in this region.
    Region(String),
    /// So many servers (not clients), drawn by the seed among those that are up; for `Restart` among those that are down,
    /// for `Resume` among those that are frozen.
    Random(u32),
    /// So many nodes of this service, drawn likewise.
    RandomOf(String, u32),
    /// The largest number of nodes of this service that is no majority, drawn likewise: 2 of 5.
    Minority(String),
    /// As `Minority`, but first of all those who have this role: `MinorityWith("db", "leader")`.
    MinorityWith(String, String),
    /// As `Minority`, but nobody who has this role.
    MinorityWithout(String, String),
    /// The smallest majority of this service, drawn likewise: 3 of 5.
    Majority(String),
    /// As `Majority`, but first of all those who have this role.
    MajorityWith(String, String),
    /// As `Majority`, but nobody who has this role.
    MajorityWithout(String, String),
    /// The node of this service at which the `when` of this fault came true; drawn by the seed like `RandomOf` if that
    /// happened nowhere in particular, or the node is down or this fault's already. At most once in a fault.
    TriggerOf(String),
    /// Every server; clients are none.
    All,
    /// Every node of the world, clients included, even those that this fault names otherwise: what is mute sends to nobody.
    Everybody,
    /// Every node of the world that this fault does not name otherwise, clients included. At most once in a fault.
    Rest,
}

/// What a fault acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// Links.
    Network,
    /// Processes.
    Hosts,
    /// Clocks.
    Clocks,
    /// Disks.
    Disks,
}

impl Fault {
    /// The fault in a few words, for tables: "split", "crash".
    pub fn kind(&self) -> &'static str {
        match self {
            Fault::Split(_) => "split",
            Fault::OneWay { .. } => "one-way cut",
            Fault::Isolate(_) => "isolation",
            Fault::Halves(_) => "halves",
            Fault::Bridge(_) => "bridge",
            Fault::MinorityThird(_) => "minority third",
            Fault::MajoritiesRing(_) => "majorities ring",
            Fault::Clog { .. } => "clog",
            Fault::Lose { .. } => "loss",
            Fault::Degrade { .. } => "worse links",
            Fault::DegradeNic { .. } => "worse nic",
            Fault::Ranks { .. } => "ranks",
            Fault::Heal => "heal",
            Fault::Crash(_) => "crash",
            Fault::PowerLoss(_) => "power loss",
            Fault::Wipe(_) => "wipe",
            Fault::Restart(_) => "restart",
            Fault::Pause(_) => "pause",
            Fault::Resume(_) => "resume",
            Fault::Slow { .. } => "slow cpu",
            Fault::ClockJump { .. } => "clock jump",
            Fault::ClockDrift { .. } => "clock drift",
            Fault::ClockStrobe { .. } => "clock strobe",
            Fault::ClockReset(_) => "clock reset",
            Fault::DiskSlow { .. } => "slow disk",
            Fault::DiskStall(_) => "disk stall",
            Fault::DiskFull(_) => "disk full",
            Fault::BitRot { .. } => "bit rot",
            Fault::Gray(gray, _) => gray.kind(),
            Fault::End(_) => "end",
        }
    }

    /// What it harms; `None` for the end of some earlier harm.
    pub fn area(&self) -> Option<Area> {
        match self {
            Fault::Split(_)
            | Fault::OneWay { .. }
            | Fault::Isolate(_)
            | Fault::Halves(_)
            | Fault::Bridge(_)
            | Fault::MinorityThird(_)
            | Fault::MajoritiesRing(_)
            | Fault::Clog { .. }
            | Fault::Lose { .. }
            | Fault::Degrade { .. }
            | Fault::DegradeNic { .. }
            | Fault::Ranks { .. } => Some(Area::Network),
            Fault::Crash(_) | Fault::PowerLoss(_) | Fault::Wipe(_) | Fault::Pause(_) | Fault::Slow { .. } => {
                Some(Area::Hosts)
            }
            Fault::ClockJump { .. } | Fault::ClockDrift { .. } | Fault::ClockStrobe { .. } => {
                Some(Area::Clocks)
            }
            Fault::DiskSlow { .. } | Fault::DiskStall(_) | Fault::DiskFull(_) | Fault::BitRot { .. } => {
                Some(Area::Disks)
            }
            Fault::Gray(..) => self.plain().area(),
            Fault::Heal | Fault::Restart(_) | Fault::Resume(_) | Fault::ClockReset(_) | Fault::End(_) => None,
        }
    }

    /// Whether this is harm, and not the end of some earlier harm.
    pub fn harms(&self) -> bool {
        self.area().is_some()
    }

    /// Whether it harms what clients do not have: a processor that takes time, a disk, a clock of their own. Clients stand for
    /// users, who want what they want at true moments.
    pub fn spares_clients(&self) -> bool {
        matches!(self.area(), Some(Area::Clocks | Area::Disks)) || matches!(self.plain(), Fault::Slow { .. })
    }

    /// Whether it is over as soon as it has struck: there is nothing to end.
    pub fn momentary(&self) -> bool {
        matches!(self, Fault::BitRot { .. }) || !self.harms()
    }

    /// Whether it takes processes down for as long as it lasts.
    pub fn kills(&self) -> bool {
        matches!(self, Fault::Crash(_) | Fault::PowerLoss(_) | Fault::Wipe(_))
    }

    /// Whether it stops messages altogether, as long as it lasts.
    pub fn cuts(&self) -> bool {
        matches!(
            self.plain(),
            Fault::Split(_)
                | Fault::OneWay { .. }
                | Fault::Isolate(_)
                | Fault::Halves(_)
                | Fault::Bridge(_)
                | Fault::MinorityThird(_)
                | Fault::MajoritiesRing(_)
        )
    }

    /// The fault that a ready-made one stands for; any other is what it is.
    pub fn plain(&self) -> Fault {
        if let Fault::Gray(gray, of) = self { gray.plain(of.clone()) } else { self.clone() }
    }

    /// The groups of picks, in the order in which they are resolved.
    pub fn picks(&self) -> Vec<&[Pick]> {
        match self {
            Fault::Split(groups) => groups.iter().map(Vec::as_slice).collect(),
            Fault::OneWay { from, to }
            | Fault::Clog { from, to }
            | Fault::Lose { from, to, .. }
            | Fault::Degrade { from, to, .. } => vec![from.as_slice(), to.as_slice()],
            Fault::Heal | Fault::End(_) => Vec::new(),
            Fault::Isolate(of)
            | Fault::Halves(of)
            | Fault::Bridge(of)
            | Fault::MinorityThird(of)
            | Fault::MajoritiesRing(of)
            | Fault::DegradeNic { of, .. }
            | Fault::Ranks { of, .. }
            | Fault::Crash(of)
            | Fault::PowerLoss(of)
            | Fault::Wipe(of)
            | Fault::Restart(of)
            | Fault::Pause(of)
            | Fault::Resume(of)
            | Fault::Slow { of, .. }
            | Fault::ClockJump { of, .. }
            | Fault::ClockDrift { of, .. }
            | Fault::ClockStrobe { of, .. }
            | Fault::ClockReset(of)
            | Fault::DiskSlow { of, .. }
            | Fault::DiskStall(of)
            | Fault::DiskFull(of)
            | Fault::BitRot { of, .. }
            | Fault::Gray(_, of) => vec![of.as_slice()],
        }
    }

    /// The fault as the seed drew it, with these picks in the order of [`Fault::picks`]: a shape that the seed draws
    /// becomes the split that came of it, whose groups they are.
    pub fn as_drawn(&self, groups: Vec<Vec<Pick>>) -> Fault {
        let drawn = matches!(self, Fault::Halves(_) | Fault::Bridge(_) | Fault::MinorityThird(_));
        if drawn { Fault::Split(groups) } else { self.aimed(groups) }
    }

    /// The same fault aimed at other picks, given in the order of [`Fault::picks`]. A shape is still drawn by the seed.
    pub fn aimed(&self, mut groups: Vec<Vec<Pick>>) -> Fault {
        let mut aimed = self.clone();
        let mut next = || if groups.is_empty() { Vec::new() } else { groups.remove(0) };
        match &mut aimed {
            Fault::Split(all) => *all = groups,
            Fault::OneWay { from, to }
            | Fault::Clog { from, to }
            | Fault::Lose { from, to, .. }
            | Fault::Degrade { from, to, .. } => (*from, *to) = (next(), next()),
            Fault::Heal | Fault::End(_) => {}
            Fault::Isolate(of)
            | Fault::Halves(of)
            | Fault::Bridge(of)
            | Fault::MinorityThird(of)
            | Fault::MajoritiesRing(of)
            | Fault::DegradeNic { of, .. }
            | Fault::Ranks { of, .. }
            | Fault::Crash(of)
            | Fault::PowerLoss(of)
            | Fault::Wipe(of)
            | Fault::Restart(of)
            | Fault::Pause(of)
            | Fault::Resume(of)
            | Fault::Slow { of, .. }
            | Fault::ClockJump { of, .. }
            | Fault::ClockDrift { of, .. }
            | Fault::ClockStrobe { of, .. }
            | Fault::ClockReset(of)
            | Fault::DiskSlow { of, .. }
            | Fault::DiskStall(of)
            | Fault::DiskFull(of)
            | Fault::BitRot { of, .. }
            | Fault::Gray(_, of) => *of = next(),
        }
        aimed
    }
}

impl Gray {
    fn kind(self) -> &'static str {
        match self {
            Gray::LossyNic => "lossy nic",
            Gray::LimpingNic => "limping nic",
            Gray::JitteryNic => "jittery nic",
            Gray::DeafNic => "deaf nic",
            Gray::MuteNic => "mute nic",
            Gray::SlowDisk => "slow disk",
            Gray::SlowCpu => "slow cpu",
        }
    }

    fn plain(self, of: Vec<Pick>) -> Fault {
        let worse = |link| Fault::DegradeNic { of: of.clone(), link };
        match self {
            Gray::LossyNic => {
                worse(Impairment { loss: Chance::new(0.05).expect("a probability"), ..Impairment::default() })
            }
            Gray::LimpingNic => {
                let pipe = Pipe { rate: Rate(125_000), queue: Bytes(64_000), express: Bytes(0) };
                worse(Impairment { bandwidth: Some(pipe), ..Impairment::default() })
            }
            Gray::JitteryNic => {
                let delay = Delay::LogNormal { median: Span(10_000_000), p99: Span(200_000_000) };
                worse(Impairment { delay: Some(delay), ..Impairment::default() })
            }
            Gray::DeafNic => Fault::OneWay { from: vec![Pick::Everybody], to: of },
            Gray::MuteNic => Fault::OneWay { from: of, to: vec![Pick::Everybody] },
            Gray::SlowDisk => Fault::DiskSlow { of, factor: 50.0 },
            Gray::SlowCpu => Fault::Slow { of, factor: 10.0 },
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}
