//! Failover: a backup takes over from a primary that is silent, and fences it off.

use super::*;

impl<S: Spec> PrimaryBackup<S> {
    /// Waits for a primary to be heard. The one next in line waits least, the last primary longest.
    pub(super) fn listen(&self, ctx: &mut Ctx<Self>) {
        let (nodes, me) = (ctx.members().len(), ctx.index(ctx.me));
        let line = (me + nodes - 1 - self.epoch as usize % nodes) % nodes;
        ctx.set(Silence, self.config.timeout + self.config.stagger * line as u64);
    }

    pub(super) fn join(&mut self, epoch: u64, ctx: &mut Ctx<Self>) {
        self.standing = Backup;
        self.primary = None;
        self.epoch = epoch;
        ctx.disk.epoch.set(epoch);
        ctx.sync();
        ctx.cancel(&Heartbeat);
        ctx.cancel(&Tell);
        self.listen(ctx);
    }

    /// Takes its next epoch, and asks all to join.
    pub(super) fn take_over(&mut self, ctx: &mut Ctx<Self>) {
        let (nodes, me) = (ctx.members().len() as u64, ctx.index(ctx.me) as u64);
        let next = self.epoch + 1;
        self.join(next + (me + nodes - next % nodes) % nodes, ctx);
        self.standing = Candidate(BTreeSet::new());
        ctx.broadcast(Fence { epoch: self.epoch, last: last(&ctx.disk.log) });
        self.fenced(ctx.me, Vec::new(), ctx);
    }

    /// Somebody has joined: with a majority this node is primary, and goes on with the latest log of it.
    pub(super) fn fenced(&mut self, from: NodeId, log: Vec<Entry<S::Op>>, ctx: &mut Ctx<Self>) {
        let enough = if self.has(Flaw::Unfenced) { 1 } else { ctx.quorum() };
        let Candidate(joined) = &mut self.standing else { return };
        joined.insert(from);
        let reached = joined.len() >= enough;
        if last(&log) > last(&ctx.disk.log) && !self.has(Flaw::OwnLog) {
            let common = log.iter().zip(&ctx.disk.log[..]).take_while(|(a, b)| a.epoch == b.epoch).count();
            self.cut(common, ctx);
            log.into_iter().skip(common).for_each(|entry| ctx.disk.log.push(entry));
        }
        if reached {
            self.reign(ctx);
        }
    }

    fn reign(&mut self, ctx: &mut Ctx<Self>) {
        let Candidate(joined) = core::mem::replace(&mut self.standing, Backup) else { return };
        let (heard, sent) = (ctx.now(), ctx.disk.log.len());
        let replica = |node| Replica { matched: 0, sent, heard, takes_part: joined.contains(&node) };
        self.standing = Primary(ctx.members().map(replica).collect());
        self.primary = Some(ctx.me);
        self.began = sent;
        ctx.cancel(&Silence);
        ctx.disk.log.push(Entry { epoch: self.epoch, op: None });
        ctx.sync();
        self.ship_all(ctx);
        ctx.set(Heartbeat, self.config.heartbeat);
        self.acknowledge(ctx);
    }
}
