//! Where, when and how it was measured.

use serde::Serialize;
use std::{fs, process::Command, thread};

/// What a reader has to know to judge the numbers.
#[derive(Debug, Serialize)]
pub(crate) struct About {
    pub(crate) date: String,
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) rustc: String,
    pub(crate) command: String,
    pub(crate) rounds: u32,
}

impl About {
    /// This machine, now.
    pub(crate) fn now(rounds: u32) -> Self {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let separator = if arguments.is_empty() { "" } else { " -- " };
        About {
            date: output("date", &["-u", "+%F"]),
            processor: processor(),
            cores: thread::available_parallelism().map_or(1, usize::from),
            rustc: output("rustc", &["--version"]),
            command: format!("cargo run --release -p peers{separator}{}", arguments.join(" ")),
            rounds,
        }
    }
}

/// The caches of a core in bytes, as far as the system tells: level 1 (for data) and 2. The third is shared, with other machines
/// perhaps.
pub(crate) fn caches() -> Vec<(u32, u64)> {
    let folder = |index: u32| format!("/sys/devices/system/cpu/cpu0/cache/index{index}");
    let read = |index, what| fs::read_to_string(format!("{}/{what}", folder(index)));
    let cache = |index| {
        let level = read(index, "level").ok()?.trim().parse().ok()?;
        let kib: u64 = read(index, "size").ok()?.trim().strip_suffix('K')?.parse().ok()?;
        let instructions = read(index, "type").ok()?.trim() == "Instruction";
        (!instructions && level < 3).then_some((level, kib * 1024))
    };
    (0..8).filter_map(cache).collect()
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("model name"));
    line.map_or_else(unknown, |line| line.trim_start_matches([' ', '\t', ':']).to_string())
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(|_| unknown(), |output| String::from_utf8_lossy(&output.stdout).trim().to_string())
}

fn unknown() -> String {
    "unknown".to_string()
}
