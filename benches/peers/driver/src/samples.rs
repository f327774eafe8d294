//! What was measured.

use crate::plan::{Row, System};
use harness::Workload;
use serde::Serialize;
use std::fmt;

/// One process.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sample {
    /// The column.
    pub(crate) system: &'static str,
    /// What the program calls itself, with the version.
    pub(crate) program: String,
    pub(crate) workload: &'static str,
    pub(crate) size: u64,
    pub(crate) round: u32,
    pub(crate) units: u64,
    pub(crate) cpu_nanos: u64,
    pub(crate) nanos_per_unit: f64,
    pub(crate) peak_kib: u64,
    pub(crate) check: String,
}

/// A measurement that there is not.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Failure {
    system: &'static str,
    workload: &'static str,
    size: u64,
    reason: String,
}

impl Failure {
    pub(crate) fn new(system: &System, row: &Row, reason: String) -> Self {
        Failure { system: system.name, workload: row.name(), size: row.size, reason }
    }
    pub(crate) fn is(&self, system: &System, row: &Row) -> bool {
        self.system == system.name && self.workload == row.name() && self.size == row.size
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}: {} {}: {}", self.system, self.workload, self.size, self.reason)
    }
}

/// All of it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Samples {
    pub(crate) samples: Vec<Sample>,
    pub(crate) failures: Vec<Failure>,
}

/// What the samples of a cell of the table come to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    /// The least nanoseconds per unit.
    pub(crate) least: f64,
    /// The median of them.
    pub(crate) median: f64,
    /// The highest peak of memory.
    pub(crate) peak_kib: u64,
}

impl Samples {
    pub(crate) fn add(&mut self, sample: Sample) {
        self.samples.push(sample);
    }

    /// What came out differently in different rounds. The same program with the same arguments should not.
    pub(crate) fn unsteady(&self) -> Vec<String> {
        let mut found = vec![];
        for sample in &self.samples {
            let same = |other: &&Sample| {
                (other.system, other.workload, other.size) == (sample.system, sample.workload, sample.size)
            };
            let first = self.samples.iter().find(same).expect("it is there itself");
            if (sample.units, &sample.check) != (first.units, &first.check) {
                let Sample { system, workload, size, round, .. } = sample;
                found.push(format!("{system}: {workload} {size}: another result in round {}", round + 1));
            }
        }
        found
    }

    /// A cell of the table.
    pub(crate) fn cell(&self, system: &str, workload: Workload, size: u64) -> Option<Cell> {
        let name = crate::plan::name(workload);
        let here =
            |sample: &&Sample| sample.system == system && sample.workload == name && sample.size == size;
        let found: Vec<&Sample> = self.samples.iter().filter(here).collect();
        let mut nanos: Vec<f64> = found.iter().map(|sample| sample.nanos_per_unit).collect();
        nanos.sort_by(f64::total_cmp);
        let least = *nanos.first()?;
        let middle = nanos.len() / 2;
        let median =
            if nanos.len() % 2 == 1 { nanos[middle] } else { (nanos[middle - 1] + nanos[middle]) / 2.0 };
        let peak_kib = found.iter().map(|sample| sample.peak_kib).max()?;
        Some(Cell { least, median, peak_kib })
    }

    /// The least nanoseconds per unit.
    pub(crate) fn least(&self, system: &str, workload: Workload, size: u64) -> Option<f64> {
        Some(self.cell(system, workload, size)?.least)
    }
}
