//! How copies are kept.

use super::{Content, Dfs, File, Flaw, Master, Msg::*, Name, Record, Timer::*, Version};
use crate::text::Text;
use sim_core::prelude::*;

/// Who has a chunk of a text from the beginning: servers in turn have the first copies, and the others are in other zones, as
/// far as there are some.
pub(super) fn installed(text: Text, chunk: u32, replicas: u32, ctx: &Ctx<Dfs>) -> Vec<NodeId> {
    let servers = ctx.members().len() as u64 - 1;
    let first = ctx.members().next().expect("a service has a node").0 + 1;
    let server = |place: u64| NodeId(first + (place % servers) as u32);
    let number = u64::from(text.number) * u64::from(text.chunks) + u64::from(chunk);
    // Neighbours have their other copies in different places, so that many share the work when a server is lost.
    let jump = 1 + number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % (servers - 1).max(1);
    let mut nodes = vec![server(number)];
    for apart in [true, false] {
        for step in 0..servers {
            let next = server(number + jump + step);
            if nodes.len() as u32 >= replicas.min(servers as u32) {
                return nodes;
            }
            let near = nodes.iter().any(|node| ctx.zone(*node) == ctx.zone(next));
            if !(nodes.contains(&next) || apart && near) {
                nodes.push(next);
            }
        }
    }
    nodes
}

impl Dfs {
    /// Puts on the disk what is there from the beginning.
    pub(super) fn install(&mut self, ctx: &mut Ctx<Self>) {
        let me = ctx.me;
        let master = me == Dfs::master(ctx);
        for text in self.config.texts() {
            for chunk in 0..text.chunks {
                let (name, bytes) = (Name { file: File::Text(text), chunk }, self.config.size(chunk));
                if master {
                    ctx.disk.push(Record::Stands(name, 0, bytes));
                } else if installed(text, chunk, self.config.replicas, ctx).contains(&me) {
                    ctx.disk.push(Record::Has(name, 0, Content { text: text.chunk(chunk), bytes }));
                    // A machine that was never used knows what it was sold with.
                    self.standing.insert(name, 0);
                }
            }
        }
        ctx.sync();
    }

    /// What a booting process finds on its disk.
    pub(super) fn read_disk(&mut self, ctx: &mut Ctx<Self>) {
        for (place, record) in ctx.disk.iter().enumerate() {
            match record {
                Record::Has(name, version, _) => {
                    self.copies.insert((*name, *version), place);
                }
                Record::Stands(..) => {}
            }
        }
        if ctx.me == Dfs::master(ctx) {
            self.master = Some(Master::boot(&self.config, ctx));
        }
    }

    /// Shows that it is there; the master looks who is not.
    pub(super) fn pulse(&mut self, ctx: &mut Ctx<Self>) {
        match &mut self.master {
            Some(master) => master.look(&self.config, ctx),
            None => ctx.send(Dfs::master(ctx), Beat(self.copies.len() as u32)),
        }
        ctx.set(Pulse, self.config.beat);
    }

    /// What is in a copy, if it is here.
    pub(super) fn copy(&self, name: Name, version: Version, ctx: &Ctx<Self>) -> Option<Content> {
        match ctx.disk.get(*self.copies.get(&(name, version))?) {
            Some(Record::Has(_, _, content)) => Some(content.clone()),
            Some(Record::Stands(..)) | None => None,
        }
    }

    /// Puts a chunk on the disk.
    pub(super) fn keep(&mut self, name: Name, version: Version, content: Content, ctx: &mut Ctx<Self>) {
        if let alloc::collections::btree_map::Entry::Vacant(copy) = self.copies.entry((name, version)) {
            copy.insert(ctx.disk.len());
            ctx.disk.push(Record::Has(name, version, content));
        }
        if !self.has(Flaw::UnsyncedCopy) {
            ctx.sync();
        }
        ctx.send(Dfs::master(ctx), Holds(name, version));
    }

    /// Passes a copy on to the first of those who are to have it, or says that all have it.
    pub(super) fn pass_on(
        &mut self,
        name: Name,
        version: Version,
        mut rest: Vec<NodeId>,
        back: Option<NodeId>,
        ctx: &mut Ctx<Self>,
    ) {
        let Some(content) = self.copy(name, version, ctx) else { return };
        if rest.is_empty() {
            if let Some(back) = back {
                ctx.send(back, Stored(version));
            }
            return;
        }
        let next = rest.remove(0);
        ctx.send(next, Push(name, version, content, rest, back));
    }
}
