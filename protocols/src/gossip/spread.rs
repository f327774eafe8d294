//! What must hold of protocols that spread a database, however they do it.

use super::{
    database::{Bits, Database, Stamp, Update},
    judge,
};
use sim_core::prelude::*;

/// A protocol whose nodes keep a database on their disks, and spread it.
pub trait Spreads: Protocol<Disk = Cell<Database>> {
    /// What the last input changed.
    fn news(&self) -> &[News];
    /// Whether it tells others of something.
    fn tells(&self) -> bool;
    /// So long after an update is durable everybody is to know it, if anything is claimed.
    fn soon(&self) -> Option<Span>;
}

/// What an input changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum News {
    /// An update began here.
    Began(Update),
    /// One was learned, where this was known.
    Learned(Update, Option<Stamp>, By),
    /// One was passed on to those who were to hear it.
    Passed(Update),
    /// Interest was lost, after so many contacts in a row that counted.
    Lost(u32),
}

/// How an update is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// Somebody told it.
    Rumour,
    /// Databases were compared.
    AntiEntropy,
}

/// History variables.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ghost {
    /// Every update that ever began.
    written: BTreeSet<Update>,
    /// Those that are not on the disk yet where they began.
    unsynced: Vec<Update>,
    /// Of each key the newest that was durable.
    newest: BTreeMap<u64, Newest>,
    /// Since when each site runs; `Time::MAX` while it does not.
    up: Vec<Time>,
    infective: Bits,
    /// Whether this event was the first at which the last site had heard an update, or the last rumour died.
    told: bool,
    died: bool,
}

/// The newest update of a key.
#[derive(Clone, Debug, Hash)]
struct Newest {
    update: Update,
    /// Since when it is durable.
    since: Time,
    /// Who has heard of it.
    heard: Bits,
}

impl<P: Spreads> sim_core::property::Ghost<P> for Ghost {
    fn observe(&mut self, view: &View<'_, P>, changed: NodeId) -> bool {
        self.up.resize(view.nodes.len(), Time::MAX);
        let index = view.index(changed);
        let site = view.state(changed);
        let up = &mut self.up[index];
        *up = if site.is_some() { (*up).min(view.now) } else { Time::MAX };
        let before = self.infective.count();
        self.infective.set(index, site.is_some_and(P::tells));
        self.died = before > 0 && self.infective.count() == 0;
        self.told = false;
        for &news in site.iter().flat_map(|site| site.news()) {
            match news {
                News::Began(update) => {
                    self.written.insert(update);
                    self.unsynced.push(update);
                }
                News::Learned(update, ..) => self.heard(update, index, view.nodes.len()),
                News::Lost(_) | News::Passed(_) => {}
            }
        }
        if !self.unsynced.is_empty() {
            self.synced(view, changed, site.is_none());
        }
        site.is_some_and(|site| !site.news().is_empty()) || self.died
    }
}

impl Ghost {
    /// If the last who told a rumour has just lost interest: how many have not heard the newest of a key, over all keys.
    /// Of one rumour, that is its residue (Demers et al. 1987, §1.4).
    pub(super) fn left_out(&self, all: usize) -> u64 {
        let residues = self.newest.values().map(|newest| all.saturating_sub(newest.heard.count()) as u64);
        if self.died { residues.sum() } else { 0 }
    }

    fn heard(&mut self, update: Update, index: usize, all: usize) {
        if let Some(newest) = self.newest.get_mut(&update.key).filter(|newest| newest.update == update) {
            let before = newest.heard.count();
            newest.heard.set(index, true);
            self.told |= before < all && newest.heard.count() == all;
        }
    }

    /// Takes note of what is durable by now. What a crash takes away before that never was.
    fn synced<P: Spreads>(&mut self, view: &View<'_, P>, changed: NodeId, down: bool) {
        let (mut durable, disk) = (Vec::new(), view.disk(changed).synced());
        self.unsynced.retain(|update| {
            let here = update.stamp.site == changed;
            if here && disk.knows(update) {
                durable.push(*update);
            }
            !here || !(down || disk.knows(update))
        });
        for update in durable {
            if self.newest.get(&update.key).is_some_and(|newest| newest.update.stamp > update.stamp) {
                continue;
            }
            let mut heard = Bits::default();
            heard.set(view.index(changed), true);
            self.newest.insert(update.key, Newest { update, since: view.now, heard });
        }
    }
}

/// What the last input of `changed` taught it.
fn learned<'a, P: Spreads>(
    view: &View<'a, P>,
    changed: NodeId,
) -> impl Iterator<Item = &'a News> + use<'a, P> {
    let news = view.state(changed).map_or(&[][..], P::news);
    news.iter().filter(|news| matches!(news, News::Learned(..)))
}

/// Values are not made up on the way, nor are stamps.
pub(super) fn written<P: Spreads>(ghost: &Ghost, view: &View<'_, P>, changed: NodeId) -> Judgement {
    judge(learned(view, changed), |news| match news {
        News::Learned(update, ..) if !ghost.written.contains(update) => {
            Some(format!("node {} learned {update:?}, which nobody wrote", changed.0))
        }
        News::Learned(..) | News::Began(_) | News::Lost(_) | News::Passed(_) => None,
    })
}

/// A site never goes back to an older update.
pub(super) fn newer_stay<P: Spreads>(_: &Ghost, view: &View<'_, P>, changed: NodeId) -> Judgement {
    judge(learned(view, changed), |news| match news {
        News::Learned(update, Some(before), _) if *before >= update.stamp => {
            Some(format!("node {} took {update:?} in place of one of {before:?}", changed.0))
        }
        News::Learned(..) | News::Began(_) | News::Lost(_) | News::Passed(_) => None,
    })
}

/// What others know is on the disk where it began. (Who wipes disks breaks this.)
pub(super) fn durable<P: Spreads>(_: &Ghost, view: &View<'_, P>, changed: NodeId) -> Judgement {
    judge(learned(view, changed), |news| match news {
        News::Learned(update, ..) if !view.disk(update.stamp.site).synced().knows(update) => Some(format!(
            "node {} heard of {update:?}, which is not on the disk of node {}",
            changed.0, update.stamp.site.0
        )),
        News::Learned(..) | News::Began(_) | News::Lost(_) | News::Passed(_) => None,
    })
}

/// What `soon` of the configuration claims.
pub(super) fn soon_everywhere<P: Spreads>(ghost: &Ghost, view: &View<'_, P>, changed: NodeId) -> Judgement {
    let Some(soon) = view.state(changed).and_then(P::soon) else { return Judgement::Idle };
    if view.now.since(ghost.up[view.index(changed)]) < soon {
        return Judgement::Idle;
    }
    let old = ghost.newest.values().filter(|newest| view.now.since(newest.since) >= soon);
    judge(old, |newest| {
        let known = view.disk(changed).get().knows(&newest.update);
        (!known).then(|| format!("node {} does not know {:?} after {soon}", changed.0, newest.update))
    })
}

/// This event was the one after which everybody has heard the newest update of its key.
pub(super) fn everybody_knows<P: Spreads>(ghost: &Ghost, _: &View<'_, P>, _: NodeId) -> Judgement {
    Judgement::happened(ghost.told)
}
