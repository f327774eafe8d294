//! What is measured: the systems, the rows of the table, and how many units make a measurement.

use harness::Workload;
use std::fmt;

/// A column of the table.
#[derive(Debug)]
pub(crate) struct System {
    /// What it is called.
    pub(crate) name: &'static str,
    /// What `--only` calls it.
    pub(crate) group: &'static str,
    /// The package that builds it.
    pub(crate) package: &'static str,
    /// The program.
    pub(crate) program: &'static str,
}

impl System {
    const fn new(
        name: &'static str,
        group: &'static str,
        package: &'static str,
        program: &'static str,
    ) -> Self {
        System { name, group, package, program }
    }
    const fn peer(name: &'static str, package: &'static str) -> Self {
        System::new(name, name, package, package)
    }
    /// Whether it is another engine, and not ours or the floor.
    pub(crate) fn is_peer(&self) -> bool {
        self.group != "ours" && self.group != "floor"
    }
}

/// Ours.
pub(crate) const OURS: &str = "ours";
/// The columns that verdicts and plot speak of.
pub(crate) const LOOP: &str = "bare loop";
pub(crate) const HEAP: &str = "bare BinaryHeap";
pub(crate) const SMALL: &str = "small simulator";
pub(crate) const STREAMS: &str = "small streams";
pub(crate) const SIMCORE: &str = "simcore";

/// The columns.
pub(crate) const SYSTEMS: &[System] = &[
    System::new(OURS, "ours", "engine", "engine"),
    System::new(LOOP, "floor", "floor", "bare-loop"),
    System::new(HEAP, "floor", "floor", "bare-heap"),
    System::new(SMALL, "floor", "floor", "small-simulator"),
    System::new(STREAMS, "floor", "floor", "small-streams"),
    System::peer(SIMCORE, "peer-simcore"),
    System::peer("simrs", "peer-simrs"),
    System::peer("nexosim", "peer-nexosim"),
    System::peer("moonpool", "peer-moonpool"),
    System::peer("madsim", "peer-madsim"),
    System::peer("anysystem", "peer-anysystem"),
    System::peer("turmoil", "peer-turmoil"),
];

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) workload: Workload,
    pub(crate) size: u64,
    /// The units that a measurement takes, for each system that can do it: enough for 0.2 to 2 seconds where it is fast
    /// enough, and never fewer than the slowest needs to forget its start.
    units: &'static [(&'static str, u64)],
}

impl Row {
    /// How many units to ask of a system, if it can do this at all.
    pub(crate) fn units(&self, system: &System) -> Option<u64> {
        let found = self.units.iter().find(|(name, _)| *name == system.name);
        found.map(|&(_, units)| units)
    }
    /// Whether the table has runs per second here, and not nanoseconds.
    pub(crate) fn is_runs(&self) -> bool {
        self.workload == Workload::Seeds
    }
    /// What the harness calls the workload.
    pub(crate) fn name(&self) -> &'static str {
        name(self.workload)
    }
}

/// The rows.
pub(crate) const ROWS: &[Row] = &[
    Row {
        workload: Workload::Phold,
        size: 10,
        units: &[
            (OURS, 10_000_000),
            (LOOP, 10_000_000),
            (HEAP, 10_000_000),
            (SMALL, 10_000_000),
            (STREAMS, 10_000_000),
            (SIMCORE, 5_000_000),
            ("simrs", 5_000_000),
            ("nexosim", 1_000_000),
            ("madsim", 300_000),
            ("anysystem", 200_000),
            ("turmoil", 300),
        ],
    },
    Row {
        workload: Workload::Phold,
        size: 100,
        units: &[
            (OURS, 10_000_000),
            (LOOP, 10_000_000),
            (HEAP, 10_000_000),
            (SMALL, 10_000_000),
            (STREAMS, 10_000_000),
            (SIMCORE, 5_000_000),
        ],
    },
    Row {
        workload: Workload::Phold,
        size: 1_000,
        units: &[
            (OURS, 10_000_000),
            (LOOP, 10_000_000),
            (HEAP, 10_000_000),
            (SMALL, 10_000_000),
            (STREAMS, 10_000_000),
            (SIMCORE, 5_000_000),
            ("simrs", 5_000_000),
            ("nexosim", 2_000_000),
            ("madsim", 500_000),
            ("anysystem", 200_000),
        ],
    },
    Row {
        workload: Workload::Phold,
        size: 10_000,
        units: &[
            (OURS, 10_000_000),
            (LOOP, 10_000_000),
            (HEAP, 5_000_000),
            (SMALL, 10_000_000),
            (STREAMS, 10_000_000),
            (SIMCORE, 5_000_000),
        ],
    },
    Row {
        workload: Workload::Phold,
        size: 100_000,
        units: &[
            (OURS, 10_000_000),
            (LOOP, 10_000_000),
            (HEAP, 5_000_000),
            (SMALL, 5_000_000),
            (STREAMS, 10_000_000),
            (SIMCORE, 3_000_000),
            ("simrs", 3_000_000),
            ("nexosim", 1_000_000),
            ("madsim", 500_000),
            ("anysystem", 300_000),
        ],
    },
    Row {
        workload: Workload::Phold,
        size: 1_000_000,
        units: &[
            (OURS, 10_000_000),
            (LOOP, 10_000_000),
            (HEAP, 6_000_000),
            (SMALL, 10_000_000),
            (STREAMS, 10_000_000),
            (SIMCORE, 6_000_000),
            ("simrs", 6_000_000),
        ],
    },
    Row {
        workload: Workload::Crowd,
        size: 1_000,
        units: &[(OURS, 10_000_000), (LOOP, 10_000_000), (HEAP, 10_000_000)],
    },
    Row {
        workload: Workload::Crowd,
        size: 10_000,
        units: &[(OURS, 10_000_000), (LOOP, 10_000_000), (HEAP, 5_000_000)],
    },
    Row {
        workload: Workload::Crowd,
        size: 100_000,
        units: &[(OURS, 10_000_000), (LOOP, 10_000_000), (HEAP, 5_000_000)],
    },
    Row {
        workload: Workload::Crowd,
        size: 1_000_000,
        units: &[(OURS, 10_000_000), (LOOP, 10_000_000), (HEAP, 6_000_000)],
    },
    Row {
        workload: Workload::Crowd,
        size: 10_000_000,
        // Ten for each event, so that what it takes to begin with them is a small part.
        units: &[(OURS, 100_000_000), (LOOP, 100_000_000)],
    },
    Row {
        workload: Workload::PingPong,
        size: 2,
        units: &[
            (OURS, 20_000_000),
            (SMALL, 20_000_000),
            (SIMCORE, 10_000_000),
            ("simrs", 10_000_000),
            ("nexosim", 2_000_000),
            ("moonpool", 500_000),
            ("madsim", 500_000),
            ("anysystem", 200_000),
            ("turmoil", 200_000),
        ],
    },
    Row {
        workload: Workload::Gossip,
        size: 100,
        units: &[
            (OURS, 5_000_000),
            (SMALL, 5_000_000),
            (SIMCORE, 2_000_000),
            ("simrs", 2_000_000),
            ("nexosim", 1_000_000),
            ("madsim", 300_000),
            ("anysystem", 150_000),
            ("turmoil", 6_000),
        ],
    },
    Row {
        workload: Workload::Gossip,
        size: 1_000,
        units: &[
            (OURS, 5_000_000),
            (SMALL, 5_000_000),
            (SIMCORE, 3_000_000),
            ("simrs", 3_000_000),
            ("nexosim", 1_000_000),
            ("madsim", 300_000),
            ("anysystem", 150_000),
        ],
    },
    Row {
        workload: Workload::Gossip,
        size: 100_000,
        units: &[(OURS, 3_000_000), (SMALL, 3_000_000), (SIMCORE, 3_000_000), ("simrs", 3_000_000)],
    },
    Row {
        workload: Workload::Seeds,
        size: 10,
        units: &[
            (OURS, 10_000),
            (SMALL, 10_000),
            (SIMCORE, 5_000),
            ("simrs", 5_000),
            ("nexosim", 800),
            ("moonpool", 400),
            ("madsim", 300),
            ("anysystem", 200),
            ("turmoil", 20),
        ],
    },
    Row {
        workload: Workload::Timeouts,
        size: 10,
        units: &[
            (OURS, 10_000_000),
            (LOOP, 10_000_000),
            (HEAP, 5_000_000),
            (SMALL, 10_000_000),
            (SIMCORE, 3_000_000),
            ("nexosim", 1_000_000),
            ("moonpool", 300_000),
            ("madsim", 300_000),
            ("anysystem", 150_000),
            ("turmoil", 200_000),
        ],
    },
    Row {
        workload: Workload::Timeouts,
        size: 1_000,
        units: &[
            (OURS, 10_000_000),
            (LOOP, 10_000_000),
            (HEAP, 2_000_000),
            (SMALL, 10_000_000),
            (SIMCORE, 2_000_000),
            ("nexosim", 1_000_000),
            ("madsim", 300_000),
            ("anysystem", 150_000),
        ],
    },
    Row {
        workload: Workload::Timeouts,
        size: 100_000,
        // Short of the first second of the world, which takes 18 million: a queue that keeps cancelled timers would have nine
        // million of them by then, and be slower.
        units: &[
            (OURS, 5_000_000),
            (LOOP, 10_000_000),
            (HEAP, 5_000_000),
            (SMALL, 5_000_000),
            (SIMCORE, 2_000_000),
        ],
    },
];

/// What the harness calls a workload.
pub(crate) fn name(workload: Workload) -> &'static str {
    let found = Workload::ALL.iter().find(|(known, _)| *known == workload);
    found.expect("the harness lists all").1
}

impl fmt::Display for Row {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = thousands(self.size);
        match self.workload {
            Workload::Phold => write!(to, "PHOLD, {size} nodes"),
            Workload::Crowd => write!(to, "1,000 nodes, {size} in flight"),
            Workload::PingPong => write!(to, "ping-pong"),
            Workload::Gossip => write!(to, "gossip, {size} nodes"),
            Workload::Seeds => write!(to, "three nodes for {size} s, runs/s"),
            Workload::Timeouts => write!(to, "timeouts, {size} nodes"),
        }
    }
}

/// A number with its thousands set apart.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
