//! Does a client see its own past? The session guarantees of Terry and others, "Session Guarantees for Weakly Consistent
//! Replicated Data" (1994).
//!
//! A session is one client. Its order is partial: one call is before another when it ended before the other was called,
//! so a client in open loop may have several that are in no order. The paper speaks of what servers hold; here is what
//! can be told for certain from answers, one key at a time:
//!
//! - **Read your writes.** A session's write was acknowledged, and then it reads something certainly older, or nothing.
//! - **Monotonic reads.** A session has read a version, and then it reads something certainly older, or nothing.
//! - **Monotonic writes.** A session wrote a version, was told so, and then wrote a second one; a reader sees the second
//!   and afterwards the first.
//! - **Writes follow reads.** A session read a version, and then wrote one; a reader sees what was written, and afterwards
//!   what had been read, or something certainly older than that.
//!
//! So the last two are seen only where a reader's own reads go backwards too, and tell whose order was lost by that. What
//! the paper promises of them beyond this, such as the order of writes of different keys at a server, is not judged.

use super::index::{Age, Found, Read, Registers, Version};
use crate::{protocol::NodeId, time::Time};
use alloc::{collections::BTreeMap, vec, vec::Vec};
use serde::{Deserialize, Serialize};

/// What a session may be promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Guarantee {
    /// Reads show what the session wrote before, or something newer.
    ReadYourWrites,
    /// Reads show what the session read before, or something newer.
    MonotonicReads,
    /// The writes of a session are seen in their order.
    MonotonicWrites,
    /// What a session writes is seen after what it had read before.
    WritesFollowReads,
}

impl Guarantee {
    /// All of them.
    pub const ALL: [Guarantee; 4] = [
        Guarantee::ReadYourWrites,
        Guarantee::MonotonicReads,
        Guarantee::MonotonicWrites,
        Guarantee::WritesFollowReads,
    ];

    /// In words.
    pub fn phrase(self) -> &'static str {
        match self {
            Guarantee::ReadYourWrites => "read your writes",
            Guarantee::MonotonicReads => "monotonic reads",
            Guarantee::MonotonicWrites => "monotonic writes",
            Guarantee::WritesFollowReads => "writes follow reads",
        }
    }
}

/// What became of each guarantee.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sessions {
    /// By guarantee, in the order of [`Guarantee::ALL`].
    pub kept: [Kept; 4],
}

/// What became of a guarantee.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Reads that put it to the test, without the open ones.
    pub tested: usize,
    /// Reads of which nobody knows: what they found was tried without an answer, perhaps later than it was called.
    pub open: usize,
    /// Of these, those that broke it.
    pub broken: usize,
    /// The first of those, as calls of the history in the order in which they tell the story; the last one is the read.
    pub first: Vec<usize>,
}

impl Sessions {
    /// What became of this one.
    pub fn of(&self, guarantee: Guarantee) -> &Kept {
        &self.kept[guarantee as usize]
    }

    fn note(&mut self, guarantee: Guarantee, broken: Option<Vec<usize>>) {
        let kept = &mut self.kept[guarantee as usize];
        kept.tested += 1;
        let Some(story) = broken else { return };
        kept.broken += 1;
        if kept.first.last().is_none_or(|first| story.last() < Some(first)) {
            kept.first = story;
        }
    }
}

/// Judges every read of every session.
pub fn sessions(registers: &Registers) -> Sessions {
    let mut found = Sessions::default();
    for key in &registers.keys {
        let mut reads: Vec<&Read> = registers.reads[key.reads.clone()].iter().collect();
        reads.sort_unstable_by_key(|read| (read.client, read.called, read.call));
        let writes = Writes::of(registers, key.versions.clone(), &reads);
        for session in reads.chunk_by(|one, other| one.client == other.client) {
            judge(registers, session, &writes, &mut found);
        }
    }
    found
}

/// The writes of one key, and what their sessions had done before.
struct Writes {
    /// The acknowledged ones by session, each session's by time of the acknowledgement.
    acked: BTreeMap<NodeId, Vec<usize>>,
    first: usize,
    /// By version, from `first`: what its session had read last when it wrote, and by which call; and whether it had
    /// written before.
    before: Vec<(Option<(usize, usize)>, bool)>,
}

impl Writes {
    fn of(registers: &Registers, versions: core::ops::Range<usize>, reads: &[&Read]) -> Writes {
        let first = versions.start;
        let mut writes =
            Writes { acked: BTreeMap::new(), first, before: vec![(None, false); versions.len()] };
        let mut by_session: BTreeMap<NodeId, Vec<usize>> = BTreeMap::new();
        for version in versions {
            if let Some(writer) = registers.versions[version].writer {
                by_session.entry(writer).or_default().push(version);
            }
        }
        for (writer, mut own) in by_session {
            let of = |version: usize| &registers.versions[version];
            own.sort_unstable_by_key(|version| of(*version).called);
            let mut acked: Vec<(Time, usize)> =
                own.iter().filter_map(|version| Some((of(*version).acked?.0, *version))).collect();
            acked.sort_unstable();
            let mut read = Ended::of(session(reads, writer));
            // Of what was read, what was called last is nearest to the write.
            let mut last: Option<(Time, usize, usize)> = None;
            for version in own {
                let called = of(version).called;
                while let Some(earlier) = read.before(called) {
                    if let Found::Version(found) = earlier.found {
                        last = last.max(Some((earlier.called, earlier.call, found)));
                    }
                }
                let seconds = acked.first().is_some_and(|(at, _)| *at < called);
                writes.before[version - first] = (last.map(|(_, call, found)| (found, call)), seconds);
            }
            writes.acked.insert(writer, acked.into_iter().map(|(_, version)| version).collect());
        }
        writes
    }
}

/// The reads of one session, which are together.
fn session<'a, 'r>(reads: &'a [&'r Read], client: NodeId) -> &'a [&'r Read] {
    let from = reads.partition_point(|read| read.client < client);
    let to = reads.partition_point(|read| read.client <= client);
    &reads[from..to]
}

/// Reads in the order in which they ended.
struct Ended<'r>(Vec<&'r Read>);

impl<'r> Ended<'r> {
    fn of(reads: &[&'r Read]) -> Ended<'r> {
        let mut reads = reads.to_vec();
        reads.sort_unstable_by_key(|read| core::cmp::Reverse((read.ended, read.call)));
        Ended(reads)
    }
    /// The next one that ended before `called`.
    fn before(&mut self, called: Time) -> Option<&'r Read> {
        if self.0.last()?.ended < called { self.0.pop() } else { None }
    }
}

/// What a session has seen of a key.
#[derive(Default)]
struct Seen {
    /// The version called last, and the read that found it.
    newest: Option<(Time, usize)>,
    /// The same by writer, with the version.
    by_writer: BTreeMap<NodeId, (Time, usize, usize)>,
    /// By what the writer of a version that was seen had read before: the version called last, and the read that found it.
    followers: BTreeMap<usize, (Time, usize, usize)>,
    /// Of what those writers had read, what was called last, and who follows it: version and read.
    followed: Option<(Time, usize, usize, usize)>,
    /// Whether one of them was not the first write of its session.
    seconds: bool,
}

impl Seen {
    fn add(&mut self, registers: &Registers, writes: &Writes, read: &Read, version: usize) {
        let of: &Version = &registers.versions[version];
        let (called, call) = (of.called, read.call);
        self.newest = self.newest.max(Some((called, call)));
        if let Some(writer) = of.writer {
            let latest = self.by_writer.entry(writer).or_insert((called, call, version));
            *latest = (*latest).max((called, call, version));
        }
        let (before, seconds) = writes.before[version - writes.first];
        if let Some((earlier, _)) = before {
            let latest = self.followers.entry(earlier).or_insert((called, call, version));
            *latest = (*latest).max((called, call, version));
            let earlier_called = registers.versions[earlier].called;
            self.followed = self.followed.max(Some((earlier_called, earlier, version, call)));
        }
        self.seconds |= seconds;
    }
}

/// Judges the reads of one session and one key, in the order of their calls.
fn judge(registers: &Registers, reads: &[&Read], writes: &Writes, found: &mut Sessions) {
    let of = |version: usize| &registers.versions[version];
    let Some(client) = reads.first().map(|read| read.client) else { return };
    let mut own = writes.acked.get(&client).into_iter().flatten().peekable();
    // Of its own writes that were acknowledged, the one called last, and the call that was acknowledged.
    let mut written: Option<(Time, usize)> = None;
    let mut ended = Ended::of(reads);
    let mut seen = Seen::default();
    for read in reads {
        let acked = |version: &&usize| of(**version).acked.filter(|(at, _)| *at < read.called);
        while let Some((_, call)) = own.peek().and_then(acked) {
            let called = own.next().map_or(Time::ZERO, |version| of(*version).called);
            written = written.max(Some((called, call)));
        }
        while let Some(earlier) = ended.before(read.called) {
            if let Found::Version(version) = earlier.found {
                seen.add(registers, writes, earlier, version);
            }
        }
        if read.found == Found::Unheard {
            continue;
        }
        let age = registers.over(read.found);
        let older = |called: Time| age.is_some_and(|age: Age| age.before(called));
        for (guarantee, seen) in
            [(Guarantee::ReadYourWrites, written), (Guarantee::MonotonicReads, seen.newest)]
        {
            let Some((called, call)) = seen else { continue };
            if registers.open(read.found, called) {
                found.kept[guarantee as usize].open += 1;
            } else {
                found.note(guarantee, older(called).then(|| vec![call, read.call]));
            }
        }
        if seen.seconds {
            found.note(Guarantee::MonotonicWrites, reordered(registers, &seen, read));
        }
        if let Some((called, ..)) = seen.followed
            && registers.open(read.found, called)
        {
            found.kept[Guarantee::WritesFollowReads as usize].open += 1;
        } else if seen.followed.is_some() {
            found.note(Guarantee::WritesFollowReads, detached(registers, writes, &seen, read, older));
        }
    }
}

/// The read found a write whose session, after that was acknowledged, wrote something that the reader has seen before.
fn reordered(registers: &Registers, seen: &Seen, read: &Read) -> Option<Vec<usize>> {
    let Found::Version(first) = read.found else { return None };
    let first = &registers.versions[first];
    let (acked, write) = first.acked?;
    let (called, saw, second) = *seen.by_writer.get(&first.writer?)?;
    let certain = first.over? < called && acked < called;
    certain.then(|| {
        [Some(write), acked_by(registers, second), Some(saw), Some(read.call)].into_iter().flatten().collect()
    })
}

/// The read found what was read before a version that the reader has seen was written, or something older.
fn detached(
    registers: &Registers,
    writes: &Writes,
    seen: &Seen,
    read: &Read,
    older: impl Fn(Time) -> bool,
) -> Option<Vec<usize>> {
    let same = match read.found {
        Found::Version(version) => seen.followers.get(&version).filter(|(called, ..)| older(*called)),
        Found::Nothing | Found::Unheard => None,
    };
    let before = seen.followed.filter(|(called, ..)| older(*called));
    let (saw, follower) = same
        .map(|(_, saw, follower)| (*saw, *follower))
        .or(before.map(|(_, _, follower, saw)| (saw, follower)))?;
    let basis = writes.before[follower - writes.first].0.map(|(_, call)| call);
    Some([basis, acked_by(registers, follower), Some(saw), Some(read.call)].into_iter().flatten().collect())
}

/// The call by which a version was acknowledged.
fn acked_by(registers: &Registers, version: usize) -> Option<usize> {
    registers.versions[version].acked.map(|(_, call)| call)
}
