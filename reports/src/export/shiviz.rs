//! A log for ShiViz (Beschastnikh et al. 2016): two lines for each event, its node with a vector clock and what it was.
//!
//! The first line is the parser and the second, which is empty, what parts several runs: ShiViz takes both from there. An event is an input that a node took. What it sent is part of it, so the
//! clock of a receiver takes in the clock of the event that sent.

use super::loss;
use crate::trace::by_cause;
use crate::words::clean;
use sim_core::{
    protocol::NodeId,
    run::Run,
    trace::{Entry, Trace},
};
use std::{collections::BTreeMap, io, rc::Rc};

/// How a log is to be read: which parts of it are what.
const PARSER: &str = r"(?<host>\S*) (?<clock>{.*})\n(?<event>.*)";

/// How many events of each node are known of.
type Clock = BTreeMap<u32, u64>;

pub(super) fn write(run: &Run, trace: &Trace, to: &mut dyn io::Write) -> io::Result<usize> {
    writeln!(to, "{PARSER}\n")?;
    let sent = by_cause(trace);
    let mut sent = sent.as_slice();
    let mut clocks: BTreeMap<u32, Clock> = BTreeMap::new();
    // The clocks with which packets left that are still to arrive.
    let mut underway: BTreeMap<u32, Rc<Clock>> = BTreeMap::new();
    for entry in trace.entries() {
        let clock = clocks.entry(entry.node.0).or_default();
        let arrived = entry.packet.and_then(|packet| underway.remove(&packet.0));
        for (&node, &count) in arrived.iter().flat_map(|clock| clock.iter()) {
            let known = clock.entry(node).or_default();
            *known = count.max(*known);
        }
        *clock.entry(entry.node.0).or_default() += 1;
        let mut event = said(run, &entry);
        let before = sent.partition_point(|(cause, _)| *cause < entry.number);
        let mine = sent[before..].partition_point(|(cause, _)| *cause == entry.number);
        let left = Rc::new(clock.clone());
        for (_, id) in &sent[before..before + mine] {
            let packet = trace.packet(*id);
            match loss(&packet) {
                None => drop(underway.insert(id.0, left.clone())),
                Some(why) => event += &format!(" · to {}: {} ({why})", run.name(packet.to), packet.text),
            }
        }
        sent = &sent[before + mine..];
        let named: BTreeMap<String, u64> =
            clock.iter().map(|(&node, &count)| (run.name(NodeId(node)), count)).collect();
        let clock = serde_json::to_string(&named)?;
        writeln!(to, "{} {clock}\n{}", run.name(entry.node), clean(&event))?;
    }
    Ok(trace.len())
}

/// What a node took, in a line.
fn said(run: &Run, entry: &Entry<'_>) -> String {
    let from = entry.peer.map_or_else(String::new, |peer| format!(" from {}", run.name(peer)));
    let text = if entry.text.is_empty() { String::new() } else { format!(": {}", entry.text) };
    format!("{} {}{from}{text}", entry.at, entry.kind.word())
}
