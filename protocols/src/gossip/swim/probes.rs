//! The failure detector (§3.1, §4.3): in each period a member pings one other, and asks k more to ping that one if it does not
//! answer.

use super::*;

/// The probe of this period.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct Probe {
    target: NodeId,
    acked: bool,
}

impl Swim {
    /// §3.1: a period ends with what became of its probe, and the next begins with another.
    pub(super) fn period(&mut self, ctx: &mut Ctx<Self>) {
        ctx.set(Period, self.config.period);
        let failed = self.probe.take_if(|probe| !probe.acked);
        if let Some(Probe { target, .. }) = failed {
            self.failed += 1;
            let at_once = self.config.suspicion == Suspicion::None || self.has(Flaw::EagerVerdict);
            self.declare(target, if at_once { Dead } else { Suspect }, ctx);
        }
        let stuck = failed.filter(|_| self.has(Flaw::StuckProbe)).map(|probe| probe.target);
        let Some(target) = stuck.or_else(|| self.next(ctx)) else { return };
        self.periods += 1;
        self.probe = Some(Probe { target, acked: false });
        ctx.set(Unanswered, self.config.probe);
        self.send(target, What::Ping(ctx.me, self.periods), ctx);
    }

    /// Whom to probe: nobody who is held dead.
    fn next(&mut self, ctx: &mut Ctx<Self>) -> Option<NodeId> {
        let (count, first) = (ctx.members().len() as u64, ctx.me.0 - ctx.index(ctx.me) as u32);
        // More than two rounds of dead members: all are.
        for _ in 0..=2 * count {
            let index = match self.config.order {
                Order::Random => ctx.rng.below(count),
                Order::RoundRobin => {
                    if self.place == count {
                        (self.order, self.place) = (Permutation::new(count, ctx.rng), 0);
                    }
                    self.place += 1;
                    self.order.at(self.place - 1)
                }
            };
            let member = NodeId(first + index as u32);
            if member != ctx.me && self.word(member).status != Dead {
                return Some(member);
            }
        }
        None
    }

    /// No ack: k others, drawn from those that are not held dead, ping it too.
    pub(super) fn ask_others(&mut self, ctx: &mut Ctx<Self>) {
        let Some(Probe { target, acked: false }) = self.probe else { return };
        let (count, first) = (ctx.members().len() as u64, ctx.me.0 - ctx.index(ctx.me) as u32);
        let mut asked = Vec::new();
        // So many draws find k of those who are left, if there are as many.
        for _ in 0..20 * self.config.indirect {
            let member = NodeId(first + ctx.rng.below(count) as u32);
            let fit = member != ctx.me && member != target && self.word(member).status != Dead;
            if asked.len() < self.config.indirect as usize && fit && !asked.contains(&member) {
                asked.push(member);
            }
        }
        for member in asked {
            self.send(member, What::PingReq(target, self.periods), ctx);
        }
    }

    pub(super) fn acked(&mut self, from: NodeId, number: u32) {
        if let Some(probe) = self.probe.as_mut().filter(|_| number == self.periods) {
            self.saved = from != probe.target && !probe.acked;
            probe.acked = true;
        }
    }

    /// One of those held dead may live.
    pub(super) fn reconnect(&mut self, ctx: &mut Ctx<Self>) {
        if let Some(every) = self.config.reconnect {
            ctx.set(Reconnect, every);
        }
        let dead = self.others.iter().filter(|(_, other)| other.word.status == Dead);
        let dead: Vec<NodeId> = dead.map(|(&member, _)| member).collect();
        if let Some(&member) = ctx.rng.pick(&dead) {
            self.send(member, What::Ping(ctx.me, 0), ctx);
        }
    }
}
