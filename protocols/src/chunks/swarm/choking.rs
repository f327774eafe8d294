//! Giving: whom a peer offers an upload (§2.4 of the paper), and what ends one.
//!
//! An upload begins with `Unchoke`, holds the chunk that the other requests, and is over when that one says `Have`, declines,
//! or leaves; or when it says nothing for too long: then it is no neighbour any more, until somebody greets.

use super::{Flaw, Msg::*, Serve, Swarm, Timer::*};
use sim_core::prelude::*;

/// An upload: to whom, and which chunk once that is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Upload {
    pub(super) to: NodeId,
    pub(super) chunk: Option<u32>,
}

impl Swarm {
    /// Offers uploads, as far as some are free and there is somebody to whom they are of use.
    pub(super) fn unchoke(&mut self, ctx: &mut Ctx<Self>) {
        while self.gives && self.uploads.len() < self.config.slots as usize {
            let Some(to) = self.whom(ctx) else { return };
            self.uploads.push(Upload { to, chunk: None });
            ctx.send(to, Unchoke);
            ctx.set(Silent(to), self.config.patience);
        }
    }

    /// Of those who lack something that is here: one who gave most, or any.
    fn whom(&self, ctx: &mut Ctx<Self>) -> Option<NodeId> {
        // Who has nothing to gain gives to anybody.
        let fair = self.config.serve == Serve::Givers && !self.store.complete();
        let mut best = None;
        for neighbour in self.neighbours.iter().filter(|neighbour| !neighbour.busy) {
            let deserves = !fair || neighbour.gave > 0 || self.optimistic == Some(neighbour.node);
            if deserves && !self.serves(neighbour.node) && self.store.have().more_than(&neighbour.have) {
                let merit = if fair { neighbour.gave } else { 0 };
                best = best.max(Some((merit, ctx.rng.next_u64(), neighbour.node)));
            }
        }
        best.map(|(.., node)| node)
    }

    pub(super) fn serves(&self, node: NodeId) -> bool {
        self.uploads.iter().any(|upload| upload.to == node)
    }

    /// One that was unchoked has made its choice.
    pub(super) fn give(&mut self, to: NodeId, chunk: u32, ctx: &mut Ctx<Self>) {
        let here = self.store.has(chunk) || self.has(Flaw::EarlyHave);
        let open = Upload { to, chunk: None };
        let Some(upload) = self.uploads.iter_mut().find(|upload| **upload == open).filter(|_| here) else {
            return ctx.send(to, Choke(chunk));
        };
        upload.chunk = Some(chunk);
        let mut piece = self.store.read(chunk);
        if ctx.rng.chance(self.config.damage) {
            piece = piece.damaged();
        }
        ctx.send(to, Piece(piece, self.size));
        ctx.set(Silent(to), self.config.patience);
    }

    /// The upload of this chunk to this node is over, if there is one; with no chunk: the one of which no chunk was requested.
    pub(super) fn over(&mut self, to: NodeId, chunk: Option<u32>, ctx: &mut Ctx<Self>) {
        let before = self.uploads.len();
        self.uploads.retain(|upload| *upload != Upload { to, chunk });
        if self.uploads.len() < before {
            ctx.cancel(&Silent(to));
            self.unchoke(ctx);
        }
    }

    /// This one is no neighbour.
    pub(super) fn lose(&mut self, node: NodeId, ctx: &mut Ctx<Self>) {
        ctx.cancel(&Silent(node));
        if !self.has(Flaw::LeakedSlot) {
            self.uploads.retain(|upload| upload.to != node);
        }
        self.neighbours.forget(node);
        self.unchoke(ctx);
    }
}
