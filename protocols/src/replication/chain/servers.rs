//! Servers: updates, queries, and the way between head and tail.

use super::*;

impl<S: Spec> Chain<S> {
    /// Finds its place in a chain that may be new, and tells the successor how far it is.
    pub(super) fn take_place(&mut self, ctx: &mut Ctx<Self>) {
        let chain = &self.setup.chain;
        let at = chain.iter().position(|&node| node == ctx.me);
        self.place = Place {
            member: at.is_some(),
            head: at == Some(0),
            tail: at.is_some_and(|at| at + 1 == chain.len()),
            predecessor: at.and_then(|at| chain.get(at.checked_sub(1)?).copied()),
            successor: at.and_then(|at| chain.get(at + 1).copied()),
        };
        // Who joins may have been a head, with updates that nobody else has.
        if self.place.tail && self.setup.joining {
            (self.agreed, self.caught_up) = (0, None);
            (self.applied, self.machine) = (0, S::State::default());
        }
        if self.place.head {
            (self.agreed, self.caught_up) = (ctx.disk.history.len(), Some(self.setup.version));
        }
        self.sent = self.agreed;
        self.forward(self.agreed, ctx);
        self.acknowledge(ctx);
    }

    pub(super) fn update(&mut self, ticket: Ticket, op: S::Op, ctx: &mut Ctx<Self>) {
        if !self.place.head {
            return ctx.answer(
                ticket,
                self.setup.chain.first().map_or(Answer::Refused, |&head| Answer::Redirect(head)),
            );
        }
        if self.has(Flaw::HeadAnswers) {
            self.apply(ctx);
            ctx.answer(ticket, Answer::Ok(S::apply(&mut self.machine.clone(), &op)));
        }
        ctx.disk.history.push(Update { version: self.setup.version, op, ticket });
        ctx.sync();
        self.agreed = ctx.disk.history.len();
        self.forward(self.sent, ctx);
        self.acknowledge(ctx);
    }

    pub(super) fn query(&mut self, ticket: Ticket, op: S::Op, ctx: &mut Ctx<Self>) {
        if !self.place.tail {
            return ctx.answer(
                ticket,
                self.setup.chain.last().map_or(Answer::Refused, |&tail| Answer::Redirect(tail)),
            );
        }
        let leased = ctx.now() < self.lease || self.has(Flaw::UnleasedQuery);
        let whole = self.caught_up.is_some() || self.has(Flaw::EagerTail);
        if !leased || !whole {
            return ctx.answer(ticket, Answer::Refused);
        }
        self.apply(ctx);
        ctx.answer(ticket, Answer::Ok(S::apply(&mut self.machine, &op)));
    }

    /// Sends the successor all that the predecessor has too, from this index on.
    pub(super) fn forward(&mut self, from: usize, ctx: &mut Ctx<Self>) {
        let Some(successor) = self.place.successor else { return };
        // One that is not whole has nothing to say: the successor would take it for all there is.
        if self.caught_up.is_none() {
            return;
        }
        let prev = (version_at(&ctx.disk.history, from), from);
        let updates = ctx.disk.history[from..self.agreed].to_vec();
        self.sent = self.agreed;
        ctx.send(successor, Forward { version: self.setup.version, prev, updates });
    }

    /// Takes what the predecessor forwards, if the histories agree up to there.
    pub(super) fn take(
        &mut self,
        from: NodeId,
        prev: (u64, usize),
        updates: Vec<Update<S::Op>>,
        ctx: &mut Ctx<Self>,
    ) {
        if self.place.predecessor != Some(from) && !self.has(Flaw::UncheckedVersion) {
            return;
        }
        let history = &ctx.disk.history;
        let reaches = prev.1 <= history.len();
        if !reaches || version_at(history, prev.1) != prev.0 && !self.has(Flaw::UncheckedPrevious) {
            return self.report(Err(if reaches { 0 } else { self.agreed }), ctx);
        }
        let mut written = false;
        let upto = prev.1 + updates.len();
        for (index, update) in (prev.1 + 1..).zip(updates) {
            if ctx.disk.history.get(index - 1).is_some_and(|held| held.version == update.version) {
                continue;
            }
            ctx.disk.history.truncate(index - 1);
            self.rewind(index - 1);
            ctx.disk.history.push(update);
            written = true;
        }
        if written && !self.has(Flaw::UnsyncedForward) {
            ctx.sync();
        }
        self.agreed = self.agreed.max(upto);
        self.caught_up = Some(self.setup.version);
        self.forward(self.sent.min(self.agreed), ctx);
        self.acknowledge(ctx);
        self.report(Ok(self.agreed), ctx);
    }

    fn report(&self, agreed: Result<usize, usize>, ctx: &mut Ctx<Self>) {
        let Some(predecessor) = self.place.predecessor else { return };
        let acknowledged = self.acknowledged.min(self.agreed);
        ctx.send(predecessor, Received { version: self.setup.version, agreed, acknowledged });
    }

    pub(super) fn received(
        &mut self,
        agreed: Result<usize, usize>,
        acknowledged: usize,
        ctx: &mut Ctx<Self>,
    ) {
        if let Err(from) = agreed {
            return self.forward(from.min(self.agreed), ctx);
        }
        if acknowledged > self.acknowledged {
            self.acknowledged = acknowledged.min(self.agreed);
            self.report(Ok(self.agreed), ctx);
        }
    }

    /// The tail has an update, so all have it: it answers.
    fn acknowledge(&mut self, ctx: &mut Ctx<Self>) {
        if self.place.tail && self.caught_up.is_some() {
            self.apply(ctx);
            self.acknowledged = self.acknowledged.max(self.agreed);
        }
    }

    fn apply(&mut self, ctx: &mut Ctx<Self>) {
        while self.applied < self.agreed {
            let Update { op, ticket, .. } = &ctx.disk.history[self.applied];
            let ret = S::apply(&mut self.machine, op);
            let ticket = *ticket;
            self.applied += 1;
            if self.place.tail && self.applied > self.acknowledged {
                ctx.answer(ticket, Answer::Ok(ret));
            }
        }
    }

    /// The history was cut off.
    fn rewind(&mut self, len: usize) {
        self.agreed = self.agreed.min(len);
        self.acknowledged = self.acknowledged.min(len);
        self.sent = self.sent.min(len);
        if self.applied > len {
            (self.machine, self.applied) = (S::State::default(), 0);
        }
    }
}

/// The version under which the update at `index` was taken; 0 before the first.
fn version_at<O>(history: &[Update<O>], index: usize) -> u64 {
    index.checked_sub(1).map_or(0, |i| history[i].version)
}
