//! Taking: which chunk a peer requests (§2.4 of the paper), and what it does with one that comes.

use super::{Flaw, Msg::*, Pick, Swarm};
use crate::chunks::store::{Bits, Chunk};
use sim_core::prelude::*;

impl Swarm {
    /// An upload is offered: it is for one chunk.
    pub(super) fn choose(&mut self, from: NodeId, ctx: &mut Ctx<Self>) {
        let Some(neighbour) = self.neighbours.get(from) else {
            // Its welcome is still on the way, or it is remembered by one that has forgotten.
            return if self.has_room(from) { self.greet(from, ctx) } else { ctx.send(from, Leave) };
        };
        let room = self.coming.len() < self.config.downloads as usize;
        let wanted = if room { self.pick(&neighbour.have, ctx) } else { None };
        let Some(chunk) = wanted else { return ctx.send(from, Decline) };
        let now = ctx.now();
        self.coming.push((chunk, now));
        ctx.send(from, Want(chunk, now));
        if self.has(Flaw::EarlyHave) {
            self.tell(chunk, ctx);
        }
    }

    /// One of these chunks that is neither here nor coming: the rarest, by lot if there are several.
    fn pick(&self, offered: &Bits, ctx: &mut Ctx<Self>) -> Option<u32> {
        let forgotten = |chunk| self.has(Flaw::LastForgotten) && chunk + 1 == self.config.chunks;
        let wanted = offered.without(self.store.have());
        let mut wanted = wanted.filter(|chunk| !self.comes(*chunk) && !forgotten(*chunk));
        let rarity = match self.config.pick {
            Pick::First => return wanted.next(),
            Pick::Random => |_: &Swarm, _| 0,
            Pick::Rarest => |node: &Swarm, chunk| node.neighbours.holders(chunk),
        };
        let mut best = (u32::MAX, 0, None);
        for chunk in wanted {
            let holders = rarity(self, chunk);
            let ties = if holders == best.0 { best.1 + 1 } else { 1 };
            if holders < best.0 || holders == best.0 && ctx.rng.below(ties) == 0 {
                best.2 = Some(chunk);
            }
            if holders <= best.0 {
                (best.0, best.1) = (holders, ties);
            }
        }
        best.2
    }

    /// A chunk has come. Whoever sent it waits to hear so.
    pub(super) fn take(&mut self, from: NodeId, chunk: Chunk, asked: Time, ctx: &mut Ctx<Self>) {
        self.retry.sample(ctx.now().since(asked));
        self.gone(chunk.index);
        if !chunk.intact() && !self.has(Flaw::Unverified) {
            return ctx.send(from, Damaged(chunk.index));
        }
        if !self.store.keep(chunk, ctx.disk) {
            if self.has(Flaw::CountedTwice) {
                self.store.count_again();
            }
            return ctx.send(from, Have(chunk.index));
        }
        // Nobody may hear of a chunk that a crash could still take back.
        ctx.sync();
        self.store.serve(chunk.index, ctx);
        self.tell(chunk.index, ctx);
        match self.neighbours.get_mut(from) {
            Some(neighbour) => neighbour.gave += 1,
            None => ctx.send(from, Have(chunk.index)),
        }
        self.unchoke(ctx);
    }

    fn tell(&self, chunk: u32, ctx: &mut Ctx<Self>) {
        self.neighbours.iter().for_each(|neighbour| ctx.send(neighbour.node, Have(chunk)));
    }

    fn comes(&self, chunk: u32) -> bool {
        self.coming.iter().any(|(other, _)| *other == chunk)
    }

    /// It is not coming, any more.
    pub(super) fn gone(&mut self, chunk: u32) {
        self.coming.retain(|(other, _)| *other != chunk);
    }
}
