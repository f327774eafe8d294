//! Requests and shipping: the primary takes requests and ships them, backups append, and what enough of them have is acknowledged.

use super::*;

impl<S: Spec> PrimaryBackup<S> {
    pub(super) fn request(&mut self, ticket: Ticket, op: S::Op, ctx: &mut Ctx<Self>) {
        let leads = matches!(self.standing, Primary(_));
        let local = self.config.reads == Reads::Any || self.config.reads == Reads::Primary && leads;
        if S::is_read(&op) && local {
            return ctx.answer(ticket, Answer::Ok(S::apply(&mut self.machine, &op)));
        }
        if !leads {
            return ctx.answer(ticket, self.primary.map_or(Answer::Refused, Answer::Redirect));
        }
        ctx.disk.log.push(Entry { epoch: self.epoch, op: Some(op) });
        ctx.sync();
        self.waiting.insert(ctx.disk.log.len(), (self.epoch, ticket));
        if !matches!(self.config.shipping, Shipping::Asynchronous(_)) {
            self.ship_all(ctx);
        }
        self.acknowledge(ctx);
    }

    /// Ships what each backup was not sent yet.
    pub(super) fn ship_all(&mut self, ctx: &mut Ctx<Self>) {
        let Primary(replicas) = &mut self.standing else { return };
        for peer in ctx.peers() {
            let from = core::mem::replace(&mut replicas[ctx.index(peer)].sent, ctx.disk.log.len());
            ship(self.epoch, self.acknowledged, peer, from..ctx.disk.log.len(), ctx);
        }
        if let Shipping::Asynchronous(interval) = self.config.shipping {
            ctx.set(Tell, interval);
        }
    }

    pub(super) fn heartbeat(&mut self, ctx: &mut Ctx<Self>) {
        let now = ctx.now();
        let Primary(replicas) = &mut self.standing else { return };
        let silent = |replica: &Replica| replica.takes_part && replica.heard + self.config.timeout < now;
        let own = ctx.index(ctx.me);
        replicas[own].heard = now;
        if self.config.shipping == Shipping::Synchronous && replicas.iter().any(silent) {
            return self.take_over(ctx);
        }
        for peer in ctx.peers() {
            let sent = replicas[ctx.index(peer)].sent;
            ship(self.epoch, self.acknowledged, peer, sent..sent, ctx);
        }
        ctx.set(Heartbeat, self.config.heartbeat);
    }

    /// A backup takes what it was shipped: up to which index its log now agrees, if it does.
    pub(super) fn append(
        &mut self,
        from: NodeId,
        prev: (u64, usize),
        entries: Vec<Entry<S::Op>>,
        acknowledged: usize,
        ctx: &mut Ctx<Self>,
    ) -> Option<usize> {
        self.standing = Backup;
        self.primary = Some(from);
        self.listen(ctx);
        let agrees = prev.1 <= ctx.disk.log.len() && epoch_at(&ctx.disk.log, prev.1) == prev.0;
        if !agrees && !self.has(Flaw::UncheckedPrevious) {
            return None;
        }
        let matched = prev.1 + entries.len();
        let mut written = false;
        for (index, entry) in (prev.1 + 1..).zip(entries) {
            if index <= ctx.disk.log.len() && ctx.disk.log[index - 1].epoch == entry.epoch {
                continue;
            }
            self.cut(index - 1, ctx);
            ctx.disk.log.push(entry);
            written = true;
        }
        if written && !self.has(Flaw::UnsyncedBackup) {
            ctx.sync();
        }
        let known = acknowledged.min(matched).min(ctx.disk.log.len());
        self.acknowledged = self.acknowledged.max(known);
        self.apply(ctx);
        Some(matched)
    }

    pub(super) fn shipped(&mut self, from: NodeId, matched: Option<usize>, ctx: &mut Ctx<Self>) {
        let now = ctx.now();
        let Primary(replicas) = &mut self.standing else { return };
        let replica = &mut replicas[ctx.index(from)];
        replica.heard = now;
        match matched {
            Some(index) => {
                replica.matched = replica.matched.max(index);
                // One that has caught up is waited for again.
                replica.takes_part |= replica.matched >= self.acknowledged;
                self.acknowledge(ctx);
            }
            // From where it is known to agree: the beginning, if nothing is known.
            None => ship(self.epoch, self.acknowledged, from, replica.matched..replica.sent, ctx),
        }
    }

    /// Acknowledges what enough backups have. They count from the first entry of this epoch on, which has all before it.
    pub(super) fn acknowledge(&mut self, ctx: &mut Ctx<Self>) {
        let Primary(replicas) = &self.standing else { return };
        let own = ctx.index(ctx.me);
        let backups = || replicas.iter().enumerate().filter(|&(place, _)| place != own).map(|(_, r)| r);
        let all = ctx.disk.log.len();
        let enough = match self.config.shipping {
            _ if self.config.flaw == Some(Flaw::EarlyAnswer) => all,
            Shipping::Synchronous => {
                backups().filter(|r| r.takes_part).map(|r| r.matched).min().unwrap_or(all)
            }
            Shipping::SemiSynchronous(count) => {
                let mut matched: Vec<usize> = backups().map(|r| r.matched).collect();
                matched.sort_unstable_by(|a, b| b.cmp(a));
                matched.get(count as usize - 1).copied().unwrap_or(0)
            }
            Shipping::Asynchronous(_) => all,
        };
        if enough > self.acknowledged && ctx.disk.log[enough - 1].epoch == self.epoch {
            self.acknowledged = enough;
            self.apply(ctx);
        }
    }

    /// Applies what is acknowledged, and answers those who asked for it here.
    pub(super) fn apply(&mut self, ctx: &mut Ctx<Self>) {
        while self.applied < self.acknowledged {
            let Entry { epoch, op } = &ctx.disk.log[self.applied];
            self.applied += 1;
            let Some(op) = op else { continue };
            let ret = S::apply(&mut self.machine, op);
            if let Some((taken, ticket)) = self.waiting.remove(&self.applied)
                && taken == *epoch
            {
                ctx.answer(ticket, Answer::Ok(ret));
            }
        }
    }

    /// Cuts the log down. If something of it was applied, which asynchronous shipping allows, the state is built anew.
    pub(super) fn cut(&mut self, len: usize, ctx: &mut Ctx<Self>) {
        ctx.disk.log.truncate(len);
        self.waiting.split_off(&(len + 1));
        self.acknowledged = self.acknowledged.min(len);
        if self.applied > len {
            (self.machine, self.applied) = (S::State::default(), 0);
            self.apply(ctx);
        }
    }
}

/// Ships these entries, counted from 0, to a backup.
fn ship<S: Spec>(
    epoch: u64,
    acknowledged: usize,
    to: NodeId,
    range: core::ops::Range<usize>,
    ctx: &mut Ctx<PrimaryBackup<S>>,
) {
    let log = &ctx.disk.log;
    let prev = (epoch_at(log, range.start), range.start);
    let entries = log[range].to_vec();
    ctx.send(to, Ship { epoch, prev, entries, acknowledged });
}
