//! The bank: it charges, and keeps books of what it charged.

use super::{Billing, Flaw, Guard, Msg, Stamp};
use sim_core::prelude::*;

/// The bank's disk: the latest stamp that it heard of, and the invoices that it charged, in that order.
pub(super) type Books = (Cell<Stamp>, Log<u64>);

impl Billing {
    /// A worker asks how far the charges have come, or has one made.
    pub(super) fn answer(&mut self, to: NodeId, stamp: Stamp, charge: Option<u64>, ctx: &mut Ctx<Self>) {
        let (fence, charged) = &mut *ctx.disk;
        let mut again = false;
        if self.config.guard == Guard::Fencing {
            let token_only = self.has(Flaw::TokenOnly) && stamp.token == fence.get().token;
            if stamp < *fence.get() && !token_only {
                self.late += u64::from(charge.is_some());
                return ctx.send(to, Msg::Late(stamp));
            }
            // A copy of what was done already.
            again = stamp == *fence.get() && !token_only;
            fence.set(stamp);
        }
        // Charges are made in order, so all before the next are known.
        let known = |invoice| self.config.guard == Guard::Idempotency && invoice < self.next;
        if let Some(invoice) = charge.filter(|&invoice| !again && !known(invoice)) {
            charged.push(invoice);
            self.next = self.next.max(invoice + 1);
        }
        let unsynced = match charge {
            Some(_) => self.has(Flaw::UnsyncedCharge),
            None => self.has(Flaw::UnsyncedFence),
        };
        if !unsynced {
            ctx.sync();
        }
        ctx.send(to, Msg::Done(stamp, self.next));
    }
}
