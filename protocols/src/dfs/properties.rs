//! What must hold of the file system.

use super::{Dfs, Name, Record, Version};
use sim_core::prelude::*;

/// What the master has decided, as its disk had it.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ghost {
    /// By name: what stands.
    standing: BTreeMap<Name, Version>,
    /// Records of the master's disk that were seen.
    seen: usize,
    /// What the last of them decided: something new, or something else than before.
    news: Option<(Name, Version)>,
    again: Option<(Name, Version, Version)>,
}

impl sim_core::property::Ghost<Dfs> for Ghost {
    fn observe(&mut self, view: &View<'_, Dfs>, changed: NodeId) -> bool {
        (self.news, self.again) = (None, None);
        if changed != view.first {
            return false;
        }
        // What is not durable was told to nobody, and may be taken back.
        let disk = &view.disk(changed)[..view.disk(changed).durable()];
        self.seen = self.seen.min(disk.len());
        for record in &disk[self.seen..] {
            if let Record::Stands(name, version, _) = record {
                match self.standing.insert(*name, *version) {
                    Some(before) if before != *version => self.again = Some((*name, before, *version)),
                    Some(_) | None => self.news = Some((*name, *version)).filter(|(_, version)| *version > 0),
                }
            }
        }
        self.seen = disk.len();
        self.news.is_some() || self.again.is_some()
    }
}

/// What stands under a name is never replaced.
pub(super) fn once(ghost: &Ghost, _: &View<'_, Dfs>, _: NodeId) -> Judgement {
    match ghost.again {
        None => Judgement::Holds,
        Some((name, before, after)) => {
            Judgement::Broken(format!("{name:?}: {before:x} stood, and now {after:x} does"))
        }
    }
}

/// Each chunk that stands is on the disk of some server, up or down; looked at when one of them was just booted.
pub(super) fn kept(ghost: &Ghost, view: &View<'_, Dfs>, changed: NodeId) -> Judgement {
    if !view.state(changed).is_some_and(|node| node.booted) || changed == view.first {
        return Judgement::Idle;
    }
    let mut all = BTreeSet::new();
    for member in view.nodes {
        let copies = member.disk[..member.disk.durable()].iter().filter_map(|record| match record {
            Record::Has(name, version, _) => Some((*name, *version)),
            Record::Stands(..) => None,
        });
        all.extend(copies);
    }
    match ghost.standing.iter().find(|(name, version)| !all.contains(&(**name, **version))) {
        None => Judgement::Holds,
        Some((name, _)) => Judgement::Broken(format!("no disk has {name:?}, which stands")),
    }
}

pub(super) fn written(ghost: &Ghost, _: &View<'_, Dfs>, _: NodeId) -> Judgement {
    Judgement::happened(ghost.news.is_some())
}

pub(super) fn replaced(_: &Ghost, view: &View<'_, Dfs>, changed: NodeId) -> Judgement {
    let master = view.state(changed).and_then(|node| node.master.as_ref());
    Judgement::happened(master.is_some_and(|master| master.replaced > 0))
}
