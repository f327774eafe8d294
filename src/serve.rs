//! `sim serve`: scenarios in a browser.

use crate::commands::{BAD_INPUT, say};
use ::serve::{Limits, Shelf, Terms};
use scenarios::Registry;
use std::{num::NonZero, path::Path};

/// What the help says at its end.
pub(crate) const HELP: &str = "Examples:\n  sim serve scenarios\n  sim serve scenarios/leader-crash.ron --port 0\n\n\
    Only programs on this machine can reach it, and only its own page can drive it. Nothing is written: what a class has done is \
    downloaded as a scenario file, which `sim run` plays again. Ctrl-C stops it. Exit codes: 0 it was stopped; 2 bad usage, or a \
    port that is taken.";

pub(crate) fn serve(registry: &Registry, path: &Path, port: u16) -> u8 {
    let served = Shelf::open(path).and_then(|shelf| {
        // One core is left to the server and the browser.
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let threads = cores.saturating_sub(1).clamp(1, 2);
        let terms = Terms { shelf, port, threads, limits: Limits::default() };
        ::serve::serve(registry, terms, |address| {
            say!("{} in a browser: http://{address}/    (Ctrl-C stops it)", path.display());
        })
    });
    match served {
        Ok(()) => {
            say!("stopped");
            0
        }
        Err(message) => {
            eprintln!("error: {message}");
            BAD_INPUT
        }
    }
}
