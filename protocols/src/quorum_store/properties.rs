//! What must hold of a quorum store, and what should happen at least once.

use super::{Held, QuorumStore, Record, Version};
use sim_core::prelude::*;

pub(super) const CLAIMS: &[Property<QuorumStore>] = &[
    Property::always("write quorum", When::News, write_quorum),
    Property::always("versions only rise", When::News, |ghost: &Ghost, _, _| match &ghost.news.fallen {
        Some((key, before, now)) => {
            Judgement::Broken(format!("key {key} was overwritten at {before:?} by the older {now:?}"))
        }
        None => held(ghost.news.stored),
    }),
    Property::always("one value per version", When::News, |ghost: &Ghost, _, _| match &ghost.news.twice {
        Some((key, version, values)) => Judgement::Broken(format!(
            "key {key} has the values {} and {} under the one version {version:?}",
            values.0, values.1
        )),
        None => held(ghost.news.stored),
    }),
    Property::sometimes("copies differed", When::News, |ghost: &Ghost, _, _| held(ghost.news.differed)),
    Property::sometimes("written back by a read", When::News, |ghost: &Ghost, _, _| {
        held(ghost.news.written_back)
    }),
];

/// History variables.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ghost {
    seen: Vec<Seen>,
    /// What was ever stored, by key and version.
    written: BTreeMap<(u64, Version), u64>,
    news: News,
}

/// A node as it was seen last.
#[derive(Clone, Debug, Default, Hash)]
struct Seen {
    /// Records of its log, and the latest version of each key among them.
    log: Records,
    /// The same of what is durable.
    durable: Records,
    /// What it was the first to store and may still lose: where in its log.
    fresh: Vec<(usize, u64, Version)>,
    /// Writes answered, and reads that found copies to differ or wrote back, in this life.
    counts: [u64; 3],
}

#[derive(Clone, Debug, Default, Hash)]
struct Records {
    len: usize,
    latest: BTreeMap<u64, Version>,
}

/// What an event changed at a node.
#[derive(Clone, Debug, Default, Hash)]
struct News {
    /// It answered this write.
    answered: Option<(u64, Version)>,
    stored: bool,
    differed: bool,
    written_back: bool,
    /// It overwrote this version of a key by an older one.
    fallen: Option<(u64, Version, Version)>,
    /// It stored another value under a version of a key than somebody did before.
    twice: Option<(u64, Version, (u64, u64))>,
}

impl sim_core::property::Ghost<QuorumStore> for Ghost {
    fn observe(&mut self, view: &View<'_, QuorumStore>, changed: NodeId) -> bool {
        self.seen.resize(view.nodes.len(), Seen::default());
        self.news = News::default();
        self.look_at_log(view, changed);
        let seen = &mut self.seen[view.index(changed)];
        if view.state(changed).is_none() {
            seen.counts = [0; 3];
        }
        if let Some(state) = view.state(changed) {
            let counts = [state.answered.0, state.differed, state.written_back];
            let [answered, differed, written_back] = [0, 1, 2].map(|i| counts[i] > seen.counts[i]);
            seen.counts = counts;
            self.news.answered = state.answered.1.filter(|_| answered);
            (self.news.differed, self.news.written_back) = (differed, written_back);
        }
        if self.news.answered.is_some() {
            for (seen, node) in self.seen.iter_mut().zip(view.nodes) {
                let log = &node.disk;
                seen.durable.follow(log, log.records() as usize, |_, _, _, _| {});
            }
        }
        let News { answered, stored, differed, written_back, .. } = &self.news;
        answered.is_some() || *stored || *differed || *written_back
    }
}

impl Ghost {
    fn look_at_log(&mut self, view: &View<'_, QuorumStore>, changed: NodeId) {
        let Ghost { seen, written, news } = self;
        let log = view.disk(changed);
        let Seen { log: records, fresh, .. } = &mut seen[view.index(changed)];
        fresh.retain(|(place, ..)| *place >= log.records() as usize);
        if log.len() < records.len {
            // A crash took the end: what nobody else had stored was never written. The rest was looked at before.
            for (_, key, version) in fresh.drain(..) {
                written.remove(&(key, version));
            }
            return records.follow(log, log.len(), |_, _, _, _| {});
        }
        records.follow(log, log.len(), |place, key, copy, before| {
            news.stored = true;
            if let Some(&before) = before.filter(|before| **before > copy.version) {
                news.fallen = Some((key, before, copy.version));
            }
            let first = *written.entry((key, copy.version)).or_insert_with(|| {
                fresh.push((place, key, copy.version));
                copy.value
            });
            if first != copy.value {
                news.twice = Some((key, copy.version, (first, copy.value)));
            }
        });
    }
}

impl Records {
    /// Goes on to the first `len` records of a log, and looks at each that is new beside the latest version before it;
    /// from the beginning, if there are fewer than before.
    fn follow(
        &mut self,
        log: &[Record],
        len: usize,
        mut look: impl FnMut(usize, u64, Held, Option<&Version>),
    ) {
        if len < self.len {
            *self = Records::default();
        }
        for (place, record) in log[..len].iter().enumerate().skip(self.len) {
            let &Record::Stored(key, copy) = record else { continue };
            look(place, key, copy, self.latest.get(&key));
            let latest = self.latest.entry(key).or_insert(copy.version);
            *latest = copy.version.max(*latest);
        }
        self.len = len;
    }
}

/// A write that is answered is on the disks of W replicas; the answer of a coordinator that is one of them waits for its
/// own. (Who wipes disks breaks this.)
fn write_quorum(ghost: &Ghost, view: &View<'_, QuorumStore>, changed: NodeId) -> Judgement {
    let (Some((key, version)), Some(state)) = (ghost.news.answered, view.state(changed)) else {
        return Judgement::Idle;
    };
    let reached = |records: &Records| records.latest.get(&key).is_some_and(|held| *held >= version);
    let holders = (0..view.nodes.len()).filter(|&index| {
        let own = index == view.index(changed) && reached(&ghost.seen[index].log);
        own || reached(&ghost.seen[index].durable)
    });
    let holders = holders.count();
    let nodes = view.nodes.len();
    let replicas = state.config.replicas.map_or(nodes, |n| nodes.min(n as usize));
    let wanted = state.config.write.map_or(replicas / 2 + 1, |n| replicas.min(n as usize));
    if holders >= wanted {
        return Judgement::Holds;
    }
    Judgement::Broken(format!(
        "a write of key {key} was answered when it was on {holders} of the {wanted} disks that it needs"
    ))
}

fn held(so: bool) -> Judgement {
    Judgement::happened(so)
}
