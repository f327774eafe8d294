//! What the workloads are, and how they are measured: processor time of the process, and its peak memory.
//!
//! Every engine is a program of its own that is told one workload and one size, runs it once, and prints a line:
//!
//! ```text
//! RESULT <system> <workload> <size> <units> <cpu ns> <peak KiB> <check>
//! ```

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// What an engine is asked to do. Sizes are numbers of nodes, but for `Crowd`, where they are numbers of events pending, and
/// for `Seeds`, where they are simulated seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// PHOLD: as many events as nodes; each goes to a random node after a random delay (Fujimoto, 1990). Unit: an event.
    Phold,
    /// PHOLD among 1,000 nodes, with as many events as its size says. Unit: an event.
    Crowd,
    /// Two nodes throw a ball, one millisecond each way. Unit: a message.
    PingPong,
    /// Every 20 ms each node tells three random others; 1 to 10 ms, 1 % lost. Unit: a message sent.
    Gossip,
    /// One server, two clients that ask, wait for the answer (1 to 10 ms each way) and rest 10 ms. A new seed each run,
    /// construction included. Unit: a run.
    Seeds,
    /// Calls with a timeout of one second that is nearly always cancelled; 1 to 10 ms each way. Unit: a message.
    Timeouts,
}

impl Workload {
    /// All of them, with their names.
    pub const ALL: [(Workload, &'static str); 6] = [
        (Workload::Phold, "phold"),
        (Workload::Crowd, "crowd"),
        (Workload::PingPong, "ping-pong"),
        (Workload::Gossip, "gossip"),
        (Workload::Seeds, "seeds"),
        (Workload::Timeouts, "timeouts"),
    ];
}

/// What is to be done, from the command line: `<workload> <size> <units>`.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// What.
    pub workload: Workload,
    /// How large.
    pub size: u64,
    /// How many units, about. Gossip runs whole rounds.
    pub units: u64,
}

/// What was done.
#[derive(Clone, Copy, Debug)]
pub struct Done {
    /// How many units.
    pub units: u64,
    /// Something that depends on all of it, so that nothing can be left out.
    pub check: u64,
}

/// The main function of an engine's program: runs the task and prints the line. `None` if the engine has no such workload.
pub fn main(system: &str, run: impl FnOnce(Task) -> Option<Done>) {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let usage = "usage: <phold|crowd|ping-pong|gossip|seeds|timeouts> <size> <units>";
    let [workload, size, units] = &words[..] else { panic!("{usage}") };
    let found = Workload::ALL.iter().find(|(_, name)| name == workload);
    let (workload, name) = *found.unwrap_or_else(|| panic!("{usage}"));
    let number = |word: &String| word.replace('_', "").parse().unwrap_or_else(|_| panic!("{usage}"));
    let task = Task { workload, size: number(size), units: number(units) };
    let start = cpu_nanos();
    let Some(done) = run(task) else {
        println!("NONE {system} {name}");
        return;
    };
    let nanos = cpu_nanos() - start;
    println!("RESULT {system} {name} {} {} {nanos} {} {:x}", task.size, done.units, peak_kib(), done.check);
}

/// Processor time of this process so far, in nanoseconds: other work on the machine does not count.
pub fn cpu_nanos() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` outlives the call, which writes it and nothing else.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    assert_eq!(failed, 0, "the system has a clock of processor time");
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The most memory that this process has used, in KiB.
pub fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// The randomness of models whose engine leaves it to them: the same for all.
#[derive(Clone, Debug)]
pub struct Draw(Xoshiro256PlusPlus);

impl Draw {
    /// A stream.
    pub fn new(seed: u64) -> Draw {
        Draw(Xoshiro256PlusPlus::seed_from_u64(seed))
    }
    /// Sixty-four random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }
    /// A number in `0..n`.
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }
    /// A number in (0, 1].
    #[inline]
    pub fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) + 1) as f64 * (1.0 / (1u64 << 53) as f64)
    }
    /// A delay of PHOLD in seconds: 0.1, and an exponential one with mean 1 on top.
    #[inline]
    pub fn phold_seconds(&mut self) -> f64 {
        0.1 - self.unit().ln()
    }
    /// The same in nanoseconds.
    #[inline]
    pub fn phold_nanos(&mut self) -> u64 {
        (self.phold_seconds() * 1e9) as u64
    }
    /// A number of nanoseconds in `low..high`.
    #[inline]
    pub fn nanos(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low)
    }
}

/// Where the delay of PHOLD is the network's: uniform between these, in nanoseconds.
pub const PHOLD_NANOS: (u64, u64) = (100_000_000, 2_100_000_000);
/// The nodes of `Crowd`.
pub const CROWD_NODES: u64 = 1_000;
/// The delay of ping-pong in nanoseconds.
pub const PING_NANOS: u64 = 1_000_000;
/// The delay of gossip, of `Seeds` and of `Timeouts`: uniform between these, in nanoseconds.
pub const DELAY_NANOS: (u64, u64) = (1_000_000, 10_000_000);
/// From one round of gossip to the next.
pub const ROUND_NANOS: u64 = 20_000_000;
/// How many others a node tells.
pub const FANOUT: u64 = 3;
/// The share of gossip that is lost.
pub const LOSS: f64 = 0.01;
/// How long a client of `Seeds` rests.
pub const REST_NANOS: u64 = 10_000_000;
/// The timeout of a call.
pub const TIMEOUT_NANOS: u64 = 1_000_000_000;

/// The rounds of gossip that send so many messages.
pub fn rounds(task: Task) -> u64 {
    (task.units / (FANOUT * task.size)).max(1)
}
