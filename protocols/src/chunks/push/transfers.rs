//! A transfer: a chunk is sent, kept and acknowledged, or sent again.

use super::*;

/// A transfer that waits for its acknowledgement: its place in the plan, and until when.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct UnderWay {
    pub(super) place: u32,
    alarm: Alarm,
}

impl Push {
    pub(super) fn send(&mut self, place: u32, ctx: &mut Ctx<Self>) {
        let Transfer { chunk, to, .. } = self.plan[place as usize];
        let to = ctx.members().nth(to as usize).expect("plans are for the nodes of the service");
        let mut chunk = self.store.read(chunk);
        if ctx.rng.chance(self.config.damage) {
            chunk = chunk.damaged();
        }
        let now = ctx.now();
        ctx.send(to, Take(chunk, self.config.chunk, now));
        let tries = self.tries.get(&place).copied().unwrap_or(0);
        let alarm = ctx.after(self.retry.after(self.config.chunk, tries), Acknowledged(place));
        self.under_way.push(UnderWay { place, alarm });
    }

    /// The receiver has it: what comes next may begin.
    pub(super) fn got(&mut self, by: NodeId, chunk: u32, since: Time, ctx: &mut Ctx<Self>) {
        self.retry.sample(ctx.now().since(since));
        if let Some(place) = self.over(by, chunk, ctx) {
            let waiting = self.under_way.iter().map(|transfer| transfer.place);
            let open = waiting.chain(self.again.iter().copied()).chain([self.next]).min();
            ctx.disk.1.set(open.unwrap_or(place));
            self.go_on(ctx);
        }
    }

    /// The receiver has not said so in time.
    pub(super) fn unacknowledged(&mut self, place: u32, ctx: &mut Ctx<Self>) {
        self.under_way.retain(|other| other.place != place);
        *self.tries.entry(place).or_default() += 1;
        if !self.has(Flaw::ForgottenLoss) {
            self.again.push_back(place);
        }
        self.go_on(ctx);
    }

    /// The transfer of this chunk to this node is over, if one was under way: its place in the plan.
    pub(super) fn over(&mut self, with: NodeId, chunk: u32, ctx: &mut Ctx<Self>) -> Option<u32> {
        let to = ctx.index(with) as u32;
        let this =
            |place: &u32| (self.plan[*place as usize].to, self.plan[*place as usize].chunk) == (to, chunk);
        // A late acknowledgement makes it needless to send it again.
        self.again.retain(|place| !this(place));
        let found = self.under_way.iter().position(|transfer| this(&transfer.place))?;
        let UnderWay { place, alarm } = self.under_way.swap_remove(found);
        ctx.stop(alarm);
        self.tries.remove(&place);
        Some(place)
    }

    pub(super) fn take(&mut self, from: NodeId, chunk: Chunk, since: Time, ctx: &mut Ctx<Self>) {
        if !chunk.intact() && !self.has(Flaw::Unverified) {
            return ctx.send(from, Damaged(chunk.index));
        }
        if self.store.keep(chunk, &mut ctx.disk.0) {
            self.store.serve(chunk.index, ctx);
            self.came(from, ctx);
        } else if self.has(Flaw::CountedTwice) {
            self.store.count_again();
        }
        if !self.has(Flaw::UnsyncedAck) {
            ctx.sync();
        }
        ctx.send(from, Got(chunk.index, since));
        self.go_on(ctx);
    }

    /// A chunk has come: who shares the corner is told, if it is from outside.
    fn came(&mut self, from: NodeId, ctx: &mut Ctx<Self>) {
        let partner = self.partner.and_then(|partner| ctx.members().nth(partner as usize));
        if let Some(partner) = partner.filter(|partner| *partner != from) {
            self.outside += 1;
            ctx.send(partner, Came(self.outside));
        }
    }
}
