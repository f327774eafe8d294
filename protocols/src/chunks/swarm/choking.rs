//! Giving: whom a peer offers an upload (§3 of the paper), and what ends one.
//!
//! An upload begins with `Unchoke`, holds the chunk that the other wants, and is over when that one says `Have`, `Damaged` or
//! `Decline`, when it leaves, or when it says nothing for too long. As long as an upload is free there is nobody who deserves it:
//! that can change when one ends, when a chunk comes, or with what a neighbour says.

use super::{Flaw, Msg::*, Serve, Swarm, neighbours::Neighbour};
use sim_core::prelude::*;

/// An upload: to whom, and which chunk once that one has chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Upload {
    pub(super) to: NodeId,
    pub(super) chunk: Option<u32>,
    /// When the last word was sent.
    pub(super) since: Time,
}

impl Swarm {
    /// Offers uploads, as far as some are free and there is somebody who deserves them.
    pub(super) fn unchoke(&mut self, ctx: &mut Ctx<Self>) {
        while self.is_free() {
            let Some(to) = self.whom(ctx) else { return };
            self.offer(to, ctx);
        }
    }

    /// The same where only this one may deserve what it did not before.
    pub(super) fn consider(&mut self, node: NodeId, ctx: &mut Ctx<Self>) {
        if self.is_free() && self.neighbours.get(node).is_some_and(|neighbour| self.deserves(neighbour)) {
            self.offer(node, ctx);
        }
    }

    fn is_free(&self) -> bool {
        self.gives && self.uploads.len() < self.config.slots as usize
    }

    fn offer(&mut self, to: NodeId, ctx: &mut Ctx<Self>) {
        self.uploads.push(Upload { to, chunk: None, since: ctx.now() });
        ctx.send(to, Unchoke);
    }

    /// Who gave most, or any.
    fn whom(&self, ctx: &mut Ctx<Self>) -> Option<NodeId> {
        let mut best = None;
        for neighbour in self.neighbours.iter().filter(|neighbour| self.deserves(neighbour)) {
            let merit = if self.is_fair() { neighbour.gave } else { 0 };
            best = best.max(Some((merit, ctx.rng.next_u64(), neighbour.node)));
        }
        best.map(|(.., node)| node)
    }

    /// Whether one lacks something that is here, takes it, and may have it.
    fn deserves(&self, neighbour: &Neighbour) -> bool {
        !neighbour.busy
            && (!self.is_fair() || neighbour.gave > 0 || self.optimistic == Some(neighbour.node))
            && !self.serves(neighbour.node)
            && self.store.have().more_than(&neighbour.have)
    }

    /// Who has nothing to gain gives to anybody.
    fn is_fair(&self) -> bool {
        self.config.serve == Serve::Givers && !self.store.complete()
    }

    pub(super) fn serves(&self, node: NodeId) -> bool {
        self.uploads.iter().any(|upload| upload.to == node)
    }

    /// One that was unchoked has made its choice.
    pub(super) fn give(&mut self, to: NodeId, chunk: u32, asked: Time, ctx: &mut Ctx<Self>) {
        let here = self.store.has(chunk) || self.has(Flaw::EarlyHave);
        let open = self.uploads.iter_mut().find(|upload| upload.to == to && upload.chunk.is_none());
        let Some(upload) = open.filter(|_| here) else { return ctx.send(to, Choke(chunk)) };
        (upload.chunk, upload.since) = (Some(chunk), ctx.now());
        let mut piece = self.store.read(chunk);
        if ctx.rng.chance(self.config.damage) {
            piece = piece.damaged();
        }
        ctx.send(to, Piece(piece, self.size, asked));
    }

    /// The upload of this chunk to this node is over, if there is one; without a chunk: the one for which none was chosen.
    pub(super) fn over(&mut self, to: NodeId, chunk: Option<u32>, ctx: &mut Ctx<Self>) {
        let before = self.uploads.len();
        let whole = |upload: &&Upload| chunk.is_some() && (upload.to, upload.chunk) == (to, chunk);
        if let Some(upload) = self.uploads.iter().find(whole) {
            self.retry.sample(ctx.now().since(upload.since));
        }
        self.uploads.retain(|upload| (upload.to, upload.chunk) != (to, chunk));
        if self.uploads.len() < before {
            self.unchoke(ctx);
        }
    }

    /// This one is no neighbour.
    pub(super) fn lose(&mut self, node: NodeId, ctx: &mut Ctx<Self>) {
        self.uploads.retain(|upload| upload.to != node);
        self.neighbours.forget(node);
        self.unchoke(ctx);
    }
}
