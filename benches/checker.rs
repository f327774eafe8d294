//! How fast histories are judged: clients that each make one call after another, with answers as a correct server gives
//! them, so that the whole history has to be explained.
//!
//! `cargo bench --bench checker` prints processor time and peak memory for histories of a thousand to a million calls, each
//! in a process of its own.

use protocols::kv::{Kv, Op};
use sim_core::{
    check::linearizability::{Budget, Finding, linearizable},
    history::{Call, History, Outcome},
    prelude::*,
    rng::{Keys, Purpose},
    time::Time,
};
use std::{process::Command, time::Instant};

/// Calls, clients, keys.
const SIZES: [(u64, u64, u64); 8] = [
    (1_000, 10, 1),
    (10_000, 10, 1),
    (100_000, 3, 1),
    (100_000, 10, 1),
    (100_000, 20, 1),
    (1_000_000, 10, 1),
    (1_000_000, 10, 1_000),
    (1_000_000, 100, 1_000),
];

/// A server takes the calls one by one, each at a random moment while it is open. Every call takes up to 1 ms, and half of
/// them write.
fn history(calls: u64, clients: u64, keys: u64) -> History<Kv> {
    let mut rng = Keys::new(1).stream(Purpose::Protocol, 0, 0);
    let mut free = vec![0; clients as usize];
    // When each call happens, when it was made and answered, and by whom.
    let mut moments: Vec<(u64, u64, u64, u32)> = Vec::new();
    for call in 0..calls {
        let client = (call % clients) as usize;
        let called = free[client] + rng.range(1, 100_000);
        let returned = called + rng.range(2, 1_000_000);
        free[client] = returned;
        moments.push((rng.range(called, returned), called, returned, client as u32));
    }
    moments.sort_unstable();
    let mut state = <Kv as Spec>::State::default();
    let mut calls: Vec<Call<Kv>> = Vec::new();
    for (number, (_, called, returned, client)) in moments.into_iter().enumerate() {
        let key = rng.below(keys);
        let op = match rng.below(2) {
            0 => Op::Get(key),
            _ => Op::Put(key, number as u64),
        };
        let ret = Kv::apply(&mut state, &op);
        let outcome = Outcome::Ok(ret, Time(returned));
        let (client, server) = (NodeId(1 + client), NodeId(0));
        let operation = number as u32;
        let (intended, called) = (Time(called), Time(called));
        calls.push(Call { client, server, operation, op, intended, called, outcome });
    }
    calls.sort_by_key(|call| call.called);
    History { calls, ..History::default() }
}

/// The most memory that this process ever held, in MiB; 0 where the system does not tell.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

#[allow(clippy::disallowed_methods)]
fn measure(calls: u64, clients: u64, keys: u64) {
    let history = history(calls, clients, keys);
    let before = peak();
    let start = Instant::now();
    let verdict = linearizable(&history, Budget::default());
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(verdict.finding, Finding::Linearizable, "the history was made by one server");
    println!(
        "{calls:>9} calls, {clients:>3} clients, {keys:>4} keys: {seconds:6.3} s, {:5.0} ns/call, {} MiB (history {before} MiB), \
         window {}, frontier {}",
        seconds * 1e9 / calls as f64,
        peak(),
        verdict.counts.window,
        verdict.counts.frontier
    );
}

#[allow(clippy::disallowed_methods)]
fn main() {
    let arguments: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    if let [calls, clients, keys] = arguments[..] {
        return measure(calls, clients, keys);
    }
    let this = std::env::current_exe().expect("a program knows where it is");
    for (calls, clients, keys) in SIZES {
        let arguments = [calls, clients, keys].map(|number| number.to_string());
        let status = Command::new(&this).args(arguments).status().expect("it starts again");
        assert!(status.success(), "a measurement failed");
    }
}
