//! What must hold of epidemics, and what should happen at least once.

use super::{By, Epidemic, Loses, News};
use crate::gossip::database::{Bits, Update};
use sim_core::prelude::*;

pub(super) const CLAIMS: &[Property<Epidemic>] = &[
    Property::always("only what was written is known", When::News, written),
    Property::always("newer updates stay", When::News, newer_stay),
    Property::always("what others hear is durable", When::News, durable),
    Property::always("interest is lost for a reason", When::News, lost_for_a_reason),
    Property::always("updates soon reach everybody", When::EveryEvent, soon_everywhere),
    Property::sometimes("everybody knows", When::News, |ghost: &Ghost, view, _| {
        Judgement::happened(
            ghost.told && ghost.newest.values().any(|newest| newest.heard.count() == view.nodes.len()),
        )
    }),
    Property::sometimes("a rumour died with somebody left", When::News, |ghost: &Ghost, view, _| {
        let left = |newest: &Newest| newest.heard.count() < view.nodes.len();
        Judgement::happened(ghost.died && ghost.newest.values().any(left))
    }),
    Property::sometimes("anti-entropy found something", When::News, |_, view, changed| {
        let found = |news: &News| matches!(news, News::Learned(_, _, By::AntiEntropy));
        Judgement::happened(view.state(changed).is_some_and(|site| site.news.iter().any(found)))
    }),
];

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

impl sim_core::property::Ghost<Epidemic> for Ghost {
    fn observe(&mut self, view: &View<'_, Epidemic>, changed: NodeId) -> bool {
        self.up.resize(view.nodes.len(), Time::MAX);
        let index = view.index(changed);
        let site = view.state(changed);
        let up = &mut self.up[index];
        *up = if site.is_some() { (*up).min(view.now) } else { Time::MAX };
        let before = self.infective.count();
        self.infective.set(index, site.is_some_and(|site| !site.hot.is_empty()));
        self.died = before > 0 && self.infective.count() == 0;
        self.told = false;
        for &news in site.iter().flat_map(|site| &site.news) {
            match news {
                News::Began(update) => {
                    self.written.insert(update);
                    self.unsynced.push(update);
                }
                News::Learned(update, ..) => self.heard(update, index, view.nodes.len()),
                News::Lost(_) => {}
            }
        }
        if !self.unsynced.is_empty() {
            self.synced(view, changed, site.is_none());
        }
        site.is_some_and(|site| !site.news.is_empty()) || self.died
    }
}

impl Ghost {
    fn heard(&mut self, update: Update, index: usize, all: usize) {
        if let Some(newest) = self.newest.get_mut(&update.key).filter(|newest| newest.update == update) {
            let before = newest.heard.count();
            newest.heard.set(index, true);
            self.told |= before < all && newest.heard.count() == all;
        }
    }

    /// Takes note of what is durable by now. What a crash takes away before that never was.
    fn synced(&mut self, view: &View<'_, Epidemic>, changed: NodeId, down: bool) {
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
fn learned<'a>(view: &View<'a, Epidemic>, changed: NodeId) -> impl Iterator<Item = &'a News> {
    let news = view.state(changed).map_or(&[][..], |site| &site.news);
    news.iter().filter(|news| matches!(news, News::Learned(..)))
}

/// Values are not made up on the way, nor are stamps.
fn written(ghost: &Ghost, view: &View<'_, Epidemic>, changed: NodeId) -> Judgement {
    judge(learned(view, changed), |news| match news {
        News::Learned(update, ..) if !ghost.written.contains(update) => {
            Some(format!("node {} learned {update:?}, which nobody wrote", view.index(changed)))
        }
        News::Learned(..) | News::Began(_) | News::Lost(_) => None,
    })
}

/// A site never goes back to an older update.
fn newer_stay(_: &Ghost, view: &View<'_, Epidemic>, changed: NodeId) -> Judgement {
    judge(learned(view, changed), |news| match news {
        News::Learned(update, Some(before), _) if *before >= update.stamp => {
            Some(format!("node {} took {update:?} in place of one of {before:?}", view.index(changed)))
        }
        News::Learned(..) | News::Began(_) | News::Lost(_) => None,
    })
}

/// What others know is on the disk where it began. (Who wipes disks breaks this.)
fn durable(_: &Ghost, view: &View<'_, Epidemic>, changed: NodeId) -> Judgement {
    judge(learned(view, changed), |news| match news {
        News::Learned(update, ..) if !view.disk(update.stamp.site).synced().knows(update) => Some(format!(
            "node {} heard of {update:?}, which is not on the disk of node {}",
            view.index(changed),
            view.index(update.stamp.site)
        )),
        News::Learned(..) | News::Began(_) | News::Lost(_) => None,
    })
}

/// §1.4: after k contacts in a row that count, or with some probability after one.
fn lost_for_a_reason(_: &Ghost, view: &View<'_, Epidemic>, changed: NodeId) -> Judgement {
    let Some(site) = view.state(changed) else { return Judgement::Idle };
    let needed = match site.config.rumours.map(|rumours| rumours.loses) {
        Some(Loses::Counter(k)) => k,
        Some(Loses::Coin(_)) => 1,
        Some(Loses::Never) | None => u32::MAX,
    };
    judge(site.news.iter().filter(|news| matches!(news, News::Lost(_))), |news| match news {
        News::Lost(useless) if *useless < needed => Some(format!(
            "node {} lost interest after {useless} contacts in a row that counted, not {needed}",
            view.index(changed)
        )),
        News::Lost(_) | News::Learned(..) | News::Began(_) => None,
    })
}

/// What `soon` of the configuration claims.
fn soon_everywhere(ghost: &Ghost, view: &View<'_, Epidemic>, changed: NodeId) -> Judgement {
    let Some(soon) = view.state(changed).and_then(|site| site.config.soon) else { return Judgement::Idle };
    if view.now.since(ghost.up[view.index(changed)]) < soon {
        return Judgement::Idle;
    }
    let old = ghost.newest.values().filter(|newest| view.now.since(newest.since) >= soon);
    judge(old, |newest| {
        let known = view.disk(changed).get().knows(&newest.update);
        (!known)
            .then(|| format!("node {} does not know {:?} after {soon}", view.index(changed), newest.update))
    })
}

/// Idle without items, broken by the first of which something is found.
fn judge<T>(mut items: impl Iterator<Item = T>, found: impl Fn(T) -> Option<String>) -> Judgement {
    let Some(first) = items.next() else { return Judgement::Idle };
    match found(first).or_else(|| items.find_map(found)) {
        Some(found) => Judgement::Broken(found),
        None => Judgement::Holds,
    }
}
