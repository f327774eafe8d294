//! A traced run for viewers that others wrote. Each of them is handed what of the run was traced: all of it, or a stretch of time.

use sim_core::{
    judged::Judged,
    trace::{Fate, Packet},
};
use std::io;

mod pcapng;
mod perfetto;
mod shiviz;

/// A format that some viewer opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON in the format of Chrome's traces, for ui.perfetto.dev and chrome://tracing: what each node took, arrows for messages, roles,
    /// faults, operations.
    Perfetto,
    /// A log with vector clocks, for ShiViz: a space-time diagram that can be searched.
    Shiviz,
    /// A capture of packets, for Wireshark: every message, those too that never arrived.
    Pcapng,
}

impl Format {
    /// Writes what of the run was traced, and says how many events or packets that were. Nothing, if it was not traced.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn write(self, judged: &Judged, to: &mut dyn io::Write) -> io::Result<usize> {
        let Some(trace) = &judged.run.trace else { return Ok(0) };
        match self {
            Format::Perfetto => perfetto::write(judged, trace, to),
            Format::Shiviz => shiviz::write(&judged.run, trace, to),
            Format::Pcapng => pcapng::write(&judged.run, trace, to),
        }
    }

    /// How to look at it.
    pub fn advice(self) -> &'static str {
        match self {
            Format::Perfetto => "open it in ui.perfetto.dev or chrome://tracing; nothing is uploaded",
            Format::Shiviz => "open it in ShiViz as a file: its first line is the parser",
            Format::Pcapng => {
                "open it with `wireshark -N n`, where nodes have their names; lost packets have comments"
            }
        }
    }
}

/// What became of a packet that did not arrive.
fn loss(packet: &Packet<'_>) -> Option<&'static str> {
    match packet.fate {
        Fate::Arrived(_) => None,
        Fate::Underway => Some("still on its way at the end"),
        Fate::Lost => Some("lost by chance"),
        Fate::Cut => Some("stopped by a cut"),
        Fate::Dead => Some("came to a node where no process was running"),
        Fate::Overflowed => Some("dropped: the queue of an interface or a link was full"),
        Fate::Corrupted => Some("damaged on its way and thrown away"),
        Fate::Refused => Some("dropped: its receiver's run queue was full"),
        Fate::Reset => Some("its connection ended first"),
        Fate::Unawaited => Some("an answer that nobody waited for any more"),
    }
}
