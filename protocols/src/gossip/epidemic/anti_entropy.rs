//! Anti-entropy (§1.3): a site picks another, and they resolve the differences between their databases.

use super::*;

impl Epidemic {
    /// A site picks another to compare databases with.
    pub(super) fn compare(&mut self, ctx: &mut Ctx<Self>) {
        let Some(entropy) = self.config.anti_entropy else { return };
        self.again(Compare, entropy.every, ctx);
        let Some(peer) = another(ctx) else { return };
        let database = ctx.disk.get();
        let msg = match entropy.how {
            How::Push if database.is_empty() => return,
            How::Push => Offer(database.updates().to_vec()),
            How::Pull => Ask(database.checksum()),
            How::PushPull => Exchange(database.updates().to_vec()),
        };
        ctx.send(peer, msg);
    }

    /// The other wants this database, if its own has another checksum.
    pub(super) fn offer(&self, to: NodeId, checksum: u64, ctx: &mut Ctx<Self>) {
        let database = ctx.disk.get();
        if database.checksum() != checksum {
            let all = database.updates().to_vec();
            ctx.send(to, Offer(all));
        }
    }

    /// The other sends its own, and gets back what it does not know.
    pub(super) fn exchange(&mut self, from: NodeId, theirs: Vec<Update>, ctx: &mut Ctx<Self>) {
        let newer = self.newer(&theirs, ctx);
        if !newer.is_empty() {
            ctx.send(from, Offer(newer));
        }
        self.resolve(theirs, ctx);
    }

    /// What the other does not know.
    fn newer(&self, theirs: &[Update], ctx: &Ctx<Self>) -> Vec<Update> {
        let mut known = Database::default();
        theirs.iter().for_each(|update| known.set(*update));
        let lacks = |update: &&Update| match self.has(Flaw::PresenceOnly) {
            true => known.get(update.key).is_none(),
            false => !known.knows(update),
        };
        ctx.disk.get().updates().iter().filter(lacks).copied().collect()
    }

    pub(super) fn resolve(&mut self, theirs: Vec<Update>, ctx: &mut Ctx<Self>) {
        for update in theirs {
            let lacks = match self.has(Flaw::PresenceOnly) {
                true => ctx.disk.get().get(update.key).is_none(),
                false => !ctx.disk.get().knows(&update),
            };
            if lacks || self.has(Flaw::Overwrite) {
                self.learn(update, By::AntiEntropy, ctx);
            }
        }
    }
}
