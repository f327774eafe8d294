//! Rumour mongering (§1.4): a site that hears an update is infective, and tells it to one random other in each cycle, until it
//! has lost interest.

use super::*;
use sim_core::rng::Chance;

/// An update that a site is infective with: the one it knows of this key.
#[derive(Clone, Debug, Hash)]
pub(super) struct Hot {
    pub(super) key: u64,
    /// Contacts in a row that counted.
    useless: u32,
    /// Heard in this very cycle.
    fresh: bool,
    contact: Contact,
}

/// What came of the contacts of a cycle: the best of them counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Contact {
    None,
    Useless,
    Useful,
}

impl Epidemic {
    /// From here on the site is infective with what it knows of a key.
    pub(super) fn heat(&mut self, key: u64, fresh: bool, ctx: &mut Ctx<Self>) {
        let Some(rumours) = self.config.rumours else { return };
        if self.hot.is_empty() && rumours.how == How::Push {
            self.first(Cycle, self.config.cycle, ctx);
        }
        self.hot.retain(|hot| hot.key != key);
        self.hot.push(Hot { key, useless: 0, fresh, contact: Contact::None });
    }

    /// A cycle ends, and the next begins with a contact.
    pub(super) fn cycle(&mut self, ctx: &mut Ctx<Self>) {
        let Some(rumours) = self.config.rumours else { return };
        self.settle(rumours.loses, ctx);
        if rumours.how != How::Push || !self.hot.is_empty() {
            self.again(Cycle, self.config.cycle, ctx);
        }
        let Some(peer) = another(ctx) else { return };
        match rumours.how {
            How::Push => self.tell(peer, &[], ctx),
            How::Pull => ctx.send(peer, Pull),
            How::PushPull => {
                let updates = self.rumours(&[], ctx);
                ctx.send(peer, PushPull(updates));
            }
        }
    }

    /// What the contacts of the last cycle mean for the interest in each rumour.
    fn settle(&mut self, loses: Loses, ctx: &mut Ctx<Self>) {
        let early = self.has(Flaw::EarlyDeath);
        let news = &mut self.news;
        self.hot.retain_mut(|hot| {
            hot.fresh = false;
            let contact = core::mem::replace(&mut hot.contact, Contact::None);
            hot.useless = match contact {
                Contact::None => return true,
                Contact::Useful => 0,
                Contact::Useless => hot.useless + 1,
            };
            let lost = match loses {
                Loses::Never => false,
                Loses::Counter(k) => hot.useless >= if early { 1 } else { k },
                Loses::Coin(k) => hot.useless > 0 && ctx.rng.chance(Chance::ratio(1, k.into())),
            };
            if lost {
                news.push(News::Lost(hot.useless));
            }
            !lost
        });
    }

    /// What a site is infective with and may tell in this cycle, without what the other has told.
    fn rumours(&mut self, theirs: &[Update], ctx: &mut Ctx<Self>) -> Vec<Update> {
        let (database, blind) = (ctx.disk.get(), self.blind());
        let mut updates = Vec::new();
        for hot in self.hot.iter_mut().filter(|hot| !hot.fresh) {
            let update = *database.get(hot.key).expect("what is told is known");
            if theirs.contains(&update) {
                // Each has told the other what it knew.
                hot.contact = hot.contact.max(Contact::Useless);
                continue;
            }
            if blind {
                hot.contact = Contact::Useless;
            }
            updates.push(update);
        }
        self.told += updates.len() as u32;
        updates
    }

    pub(super) fn tell(&mut self, to: NodeId, theirs: &[Update], ctx: &mut Ctx<Self>) {
        let updates = self.rumours(theirs, ctx);
        if !updates.is_empty() {
            ctx.send(to, Push(updates));
        }
    }

    /// Who hears what is new to it is infective; and says what was.
    pub(super) fn hear(&mut self, from: NodeId, updates: Vec<Update>, ctx: &mut Ctx<Self>) {
        let mut heard = Vec::new();
        for update in updates {
            let known = ctx.disk.get().knows(&update);
            let fresh = |hot: &Hot| hot.key == update.key && hot.fresh;
            heard.push((update.key, update.stamp, !known || self.hot.iter().any(fresh)));
            if !known || self.has(Flaw::Overwrite) {
                self.learn(update, By::Rumour, ctx);
            }
        }
        let never = self.config.rumours.is_some_and(|rumours| rumours.loses == Loses::Never);
        if !heard.is_empty() && !never && !self.blind() {
            ctx.send(from, Heard(heard));
        }
    }

    /// The other says of each update whether it was of use to tell it. That counts where it is still told.
    pub(super) fn heard(&mut self, heard: Vec<(u64, Stamp, bool)>, ctx: &mut Ctx<Self>) {
        for (key, stamp, news) in heard {
            let contact = if news { Contact::Useful } else { Contact::Useless };
            let current = ctx.disk.get().get(key).is_some_and(|known| known.stamp == stamp);
            if let Some(hot) = self.hot.iter_mut().find(|hot| current && hot.key == key) {
                hot.contact = hot.contact.max(contact);
            }
        }
    }

    fn blind(&self) -> bool {
        self.config.rumours.is_some_and(|rumours| rumours.counts == Counts::Blind)
    }
}
