//! A worker and the store: who holds the lease, renews it and lets it go.

use super::*;
use crate::leases;

/// The lease that workers compete for.
const LEASE: u64 = 0;

/// What a worker asked the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    pub(super) ticket: Ticket,
    op: leases::Op,
    at: Time,
    /// Redirects followed.
    hops: usize,
}

impl Billing {
    /// A holder renews its lease; another takes it if it is free, or has looked dead for as long as it lasts.
    pub(super) fn beat(&mut self, ctx: &mut Ctx<Self>) {
        if let Some(asked) = self.asked.take() {
            ctx.forget(asked.ticket);
            self.server += 1;
        }
        let (seen, since) = self.seen;
        let op = match &self.held {
            Some(held) => leases::Op::Renew { lease: LEASE, token: held.stamp.token },
            None if seen.holder.is_none() || ctx.now().since(since) >= self.config.lease => {
                leases::Op::Take { lease: LEASE, by: u64::from(ctx.me.0), seen }
            }
            None => leases::Op::Look(LEASE),
        };
        self.ask(op, 0, ctx);
        ctx.set(Heartbeat, self.config.heartbeat);
    }

    fn ask(&mut self, op: leases::Op, hops: usize, ctx: &mut Ctx<Self>) {
        let mut servers = ctx.callees();
        let server = servers.nth(self.server % servers.len()).expect("a service has a node");
        self.asked = Some(Asked { ticket: ctx.call(server, op), op, at: ctx.now(), hops });
    }

    pub(super) fn hear(&mut self, answer: Answer<leases::Ret>, ctx: &mut Ctx<Self>) {
        let Some(Asked { op, at, hops, .. }) = self.asked.take() else { return };
        match answer {
            Answer::Ok(ret) => self.learn(ret, at, ctx),
            Answer::Redirect(server) if hops < ctx.callees().len() => {
                self.server = ctx.callees().position(|node| node == server).unwrap_or(self.server + 1);
                self.ask(op, hops + 1, ctx);
            }
            // Refused, or servers only point at one another: elsewhere with the next heartbeat.
            Answer::Refused | Answer::Redirect(_) => self.server += 1,
        }
    }

    fn learn(&mut self, ret: leases::Ret, asked: Time, ctx: &mut Ctx<Self>) {
        let (leases::Ret::Known(lease) | leases::Ret::Done(lease) | leases::Ret::Denied(lease)) = ret;
        if lease != self.seen.0 {
            self.seen = (lease, ctx.now());
        }
        let mine = lease.holder == Some(u64::from(ctx.me.0));
        match (ret, &mut self.held) {
            (leases::Ret::Done(_), held) => {
                // Counted from before the store heard of it: others count from after.
                let until = asked + self.config.lease;
                let renewed = held.as_ref().is_some_and(|held| held.stamp.token == lease.token);
                let stamp = Stamp { token: lease.token, sequence: 0 };
                match held {
                    Some(held) if renewed => held.until = until,
                    Some(_) | None => *held = Some(Held { stamp, until }),
                }
                let left = until.since(ctx.now());
                ctx.set(Lapse, left);
                match renewed {
                    true => {}
                    false if self.has(Flaw::OldBooks) => self.go_on(self.next, ctx),
                    false => self.say(Msg::Ask, ctx),
                }
            }
            (leases::Ret::Denied(_), Some(_)) if !mine => self.step_down(ctx),
            (leases::Ret::Known(_) | leases::Ret::Denied(_), _) => {}
        }
    }

    pub(super) fn step_down(&mut self, ctx: &mut Ctx<Self>) {
        self.held = None;
        if let Some(asked) = self.asked.take() {
            ctx.forget(asked.ticket);
        }
        for timer in [Lapse, Due, Silence] {
            ctx.cancel(&timer);
        }
    }
}
