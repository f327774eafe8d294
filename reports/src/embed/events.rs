//! The events of a run that are in its page, with what was sent and how states changed.

use super::differences;
use crate::{
    moments::{self, EVENTS_MAX},
    words::{count, counted, short},
};
use serde::Serialize;
use sim_core::{
    judged::Judged,
    protocol::NodeId,
    time::Time,
    trace::{Entry, Fate, Kind, Packet, PacketId, State, Trace},
};
use std::collections::{BTreeMap, BTreeSet};

/// A text is cut to so many columns.
const TEXT_MAX: usize = 200;
const VALUE_MAX: usize = 120;
/// Of what one event sent so many packets are told; others only where they arrived.
const SENT_MAX: usize = 64;

#[derive(Default, Serialize)]
pub(super) struct Part {
    /// Why there are none, if there are none.
    absent: String,
    /// Whether the command is to be told that would give them.
    asks: bool,
    entries: Entries,
    packets: Packets,
    states: States,
    texts: Vec<String>,
    /// Packets that events in here sent beyond what is told of one.
    untold: usize,
}

/// In order; numbers and moments as differences.
#[derive(Default, Serialize)]
struct Entries {
    number: Vec<u64>,
    at: Vec<i64>,
    node: Vec<u32>,
    kind: Vec<usize>,
    text: Vec<usize>,
    /// By how much the number of the cause is smaller; 0 where there is none.
    cause: Vec<u64>,
    /// The position of the packet that brought it; -1 where none did.
    packet: Vec<i64>,
}

#[derive(Default, Serialize)]
struct Packets {
    from: Vec<u32>,
    to: Vec<u32>,
    kind: Vec<usize>,
    bytes: Vec<u64>,
    /// As differences.
    cause: Vec<i64>,
    /// In nanoseconds, as differences.
    sent: Vec<i64>,
    /// Nanoseconds later; -1 if it never came to its host.
    reached: Vec<i64>,
    /// Nanoseconds after that, or after it was sent if it never came there; -1 if it was still on its way.
    ended: Vec<i64>,
    fate: Vec<usize>,
    /// The event as which it arrived, if that is not in here itself; 0 otherwise.
    event: Vec<u64>,
    copy: Vec<u8>,
    text: Vec<usize>,
}

#[derive(Default, Serialize)]
struct States {
    /// In nanoseconds, as differences.
    at: Vec<i64>,
    after: Vec<u64>,
    node: Vec<u32>,
    roles: Vec<&'static str>,
    role: Vec<usize>,
    epoch: Vec<u64>,
    labels: Vec<&'static str>,
    /// Label, value, label, value: those that differ from the node's last state here.
    values: Vec<Vec<usize>>,
    /// 1 where what was known of the node before is no longer so.
    anew: Vec<u8>,
}

/// Names by number, in order of appearance.
#[derive(Default)]
struct Names<'a> {
    numbers: BTreeMap<&'a str, usize>,
    all: Vec<&'a str>,
}

impl<'a> Names<'a> {
    fn number(&mut self, name: &'a str) -> usize {
        let next = self.all.len();
        let number = *self.numbers.entry(name).or_insert(next);
        if number == next {
            self.all.push(name);
        }
        number
    }
}

pub(super) fn part(judged: &Judged, unexplained: Option<Time>) -> Part {
    let run = &judged.run;
    let Some(trace) = run.trace.as_ref().filter(|trace| !trace.is_empty()) else {
        let asks = run.events > EVENTS_MAX;
        let absent = match run.events {
            0 => "Nothing happened in this run.".into(),
            _ if asks => format!(
                "This run took {}. One of more than {} is not run a second time for its page, so its events are not in here. \
                 This command gives them:",
                counted(run.events, "event"),
                count(EVENTS_MAX)
            ),
            _ => "The events of this run were not recorded.".into(),
        };
        return Part { absent, asks, ..Part::default() };
    };
    let (sent, states) = by_cause(trace);
    let cost = costs(trace, &sent, &states);
    let chosen = moments::chosen(trace, &moments::moments(judged, unexplained), &cost);
    Writer::default().write(trace, &chosen, &sent)
}

/// Packets and states by the number of the event that they come from.
type ByCause = (BTreeMap<u64, Vec<PacketId>>, BTreeMap<u64, usize>);

fn by_cause(trace: &Trace) -> ByCause {
    let mut sent: BTreeMap<u64, Vec<PacketId>> = BTreeMap::new();
    for packet in trace.packets() {
        sent.entry(packet.cause).or_default().push(packet.id);
    }
    let length = |state: &State<'_>| -> usize {
        state.values.iter().map(|(_, value)| value.len().min(VALUE_MAX) / 4 + 8).sum()
    };
    let states = trace.states().filter_map(|state| Some((state.after?, length(&state)))).collect();
    (sent, states)
}

/// What each entry takes in the page, in bytes and roughly, with all that comes with it.
fn costs(trace: &Trace, sent: &BTreeMap<u64, Vec<PacketId>>, states: &BTreeMap<u64, usize>) -> Vec<usize> {
    let cost = |entry: Entry<'_>| {
        let packets = sent.get(&entry.number).into_iter().flatten().take(SENT_MAX);
        let packets: usize = packets.map(|&id| 34 + trace.packet(id).text.len().min(TEXT_MAX) / 2).sum();
        let text = if entry.packet.is_some() { 0 } else { entry.text.len().min(TEXT_MAX) / 4 };
        26 + text + packets + states.get(&entry.number).map_or(0, |values| 16 + values)
    };
    trace.entries().map(cost).collect()
}

#[derive(Default)]
struct Writer<'a> {
    part: Part,
    texts: Names<'a>,
    labels: Names<'static>,
    roles: Names<'static>,
    known: BTreeMap<NodeId, State<'a>>,
    moments: Vec<Time>,
}

impl<'a> Writer<'a> {
    fn write(mut self, trace: &'a Trace, chosen: &[usize], sent: &BTreeMap<u64, Vec<PacketId>>) -> Part {
        let mut entries: Vec<Entry<'a>> = Vec::with_capacity(chosen.len());
        let mut next = chosen.iter().peekable();
        for (place, entry) in trace.entries().enumerate() {
            if next.next_if(|wanted| **wanted == place).is_some() {
                entries.push(entry);
            }
        }
        let mut packets: Vec<PacketId> = Vec::new();
        for entry in &entries {
            let all = sent.get(&entry.number).map_or(&[][..], Vec::as_slice);
            let told = &all[..all.len().min(SENT_MAX)];
            packets.extend(told);
            self.part.untold += all.len() - told.len();
            packets.extend(entry.packet);
        }
        packets.sort_unstable();
        packets.dedup();
        self.states(trace, &entries);
        self.entries(&entries, &packets);
        let here: BTreeSet<PacketId> = entries.iter().filter_map(|entry| entry.packet).collect();
        self.packets(packets.iter().map(|&id| trace.packet(id)).collect(), &here);
        let Writer { mut part, texts, labels, roles, moments, .. } = self;
        part.states.at = differences(moments.into_iter(), 1);
        part.texts = texts.all.iter().map(|text| short(text, TEXT_MAX)).collect();
        (part.states.labels, part.states.roles) = (labels.all, roles.all);
        part
    }

    fn entries(&mut self, entries: &[Entry<'a>], packets: &[PacketId]) {
        let mut last = 0;
        for entry in entries {
            let text = self.texts.number(entry.text);
            let to = &mut self.part.entries;
            to.number.push(entry.number - std::mem::replace(&mut last, entry.number));
            to.node.push(entry.node.0);
            to.kind.push(kind(entry.kind));
            to.text.push(text);
            to.cause.push(entry.cause.map_or(0, |cause| entry.number - cause));
            let place = entry.packet.and_then(|packet| packets.binary_search(&packet).ok());
            to.packet.push(place.map_or(-1, |place| place as i64));
        }
        self.part.entries.at = differences(entries.iter().map(|entry| entry.at), 1);
    }

    fn packets(&mut self, packets: Vec<Packet<'a>>, here: &BTreeSet<PacketId>) {
        let mut last = 0;
        for packet in &packets {
            let text = self.texts.number(packet.text);
            let later = |at: Option<Time>, than: Time| at.map_or(-1, |at| at.since(than).0 as i64);
            let to = &mut self.part.packets;
            to.from.push(packet.from.0);
            to.to.push(packet.to.0);
            to.kind.push(kind(packet.kind));
            to.bytes.push(packet.bytes);
            to.cause.push(packet.cause as i64 - std::mem::replace(&mut last, packet.cause as i64));
            to.reached.push(later(packet.reached, packet.sent));
            to.ended.push(later(packet.ended, packet.reached.unwrap_or(packet.sent)));
            let (fate, event) = fate(packet.fate);
            to.fate.push(fate);
            to.event.push(if here.contains(&packet.id) { 0 } else { event });
            to.copy.push(packet.copy_of.is_some().into());
            to.text.push(text);
        }
        self.part.packets.sent = differences(packets.iter().map(|packet| packet.sent), 1);
    }

    /// Those that the entries led to; and where some entries are missing, those that the missing ones led to last.
    fn states(&mut self, trace: &'a Trace, entries: &[Entry<'a>]) {
        let mut states = trace.states().peekable();
        let mut missed: BTreeMap<NodeId, State<'a>> = BTreeMap::new();
        let mut last = 0;
        for entry in entries {
            while let Some(state) = states.next_if(|state| match state.after {
                Some(after) => after < entry.number,
                None => state.at <= entry.at,
            }) {
                // What the entry before led to was written already.
                missed.insert(state.node, state);
            }
            if entry.number > last + 1 || !missed.is_empty() {
                std::mem::take(&mut missed).into_values().for_each(|state| self.state(state));
            }
            if let Some(state) = states.next_if(|state| state.after == Some(entry.number)) {
                self.state(state);
            }
            last = entry.number;
        }
    }

    fn state(&mut self, state: State<'a>) {
        let before = self.known.get(&state.node);
        let labels = |state: &State<'_>| state.values.iter().map(|(label, _)| *label).collect::<Vec<_>>();
        let anew = before.is_none_or(|before| labels(before) != labels(&state));
        let mut values = Vec::new();
        for (place, &(label, value)) in state.values.iter().enumerate() {
            if anew || before.is_some_and(|before| before.values[place].1 != value) {
                values.extend([self.labels.number(label), self.texts.number(value)]);
            }
        }
        self.moments.push(state.at);
        let to = &mut self.part.states;
        to.after.push(state.after.unwrap_or(0));
        to.node.push(state.node.0);
        to.role.push(self.roles.number(state.role.0));
        to.epoch.push(state.epoch);
        to.values.push(values);
        to.anew.push(anew.into());
        self.known.insert(state.node, state);
    }
}

/// By the number that `data.js` knows it by.
fn kind(kind: Kind) -> usize {
    match kind {
        Kind::Boot => 0,
        Kind::Crash => 1,
        Kind::Pause => 2,
        Kind::Resume => 3,
        Kind::Deliver => 4,
        Kind::Timeout => 5,
        Kind::Request => 6,
        Kind::Response => 7,
    }
}

/// By the number that `data.js` knows it by, and the event as which it arrived.
fn fate(fate: Fate) -> (usize, u64) {
    match fate {
        Fate::Underway => (0, 0),
        Fate::Arrived(event) => (1, event),
        Fate::Lost => (2, 0),
        Fate::Cut => (3, 0),
        Fate::Dead => (4, 0),
        Fate::Overflowed => (5, 0),
        Fate::Corrupted => (6, 0),
        Fate::Refused => (7, 0),
        Fate::Reset => (8, 0),
        Fate::Unawaited => (9, 0),
    }
}
