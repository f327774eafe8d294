//! How copies are kept.

use super::{Content, Dfs, File, Flaw, Master, Msg::*, Name, Record, Timer::*, Version};
use crate::text::Text;
use sim_core::prelude::*;

/// Who has what from the beginning.
pub(super) struct Layout {
    first: NodeId,
    /// By server.
    zones: Vec<u32>,
    /// From one chunk's first server to the next one's: so that no pattern in who is asked for work is one in who has chunks.
    stride: u64,
    /// So many zones there are.
    apart: usize,
    replicas: usize,
}

impl Layout {
    pub(super) fn new(replicas: u32, ctx: &Ctx<Dfs>) -> Layout {
        let servers: Vec<NodeId> = ctx.members().skip(1).collect();
        let zones: Vec<u32> = servers.iter().map(|server| ctx.zone(*server)).collect();
        let apart = zones.iter().collect::<BTreeSet<_>>().len();
        let first = *servers.first().expect("a service has a server");
        Layout {
            first,
            stride: stride(zones.len() as u64),
            apart,
            replicas: (replicas as usize).min(zones.len()),
            zones,
        }
    }

    /// Who has a chunk of a text: all servers have as many first copies, and the others are in other zones, as far as there are
    /// some.
    pub(super) fn holders(&self, text: Text, chunk: u32) -> Vec<NodeId> {
        let servers = self.zones.len() as u64;
        let number = u64::from(text.number) * u64::from(text.chunks) + u64::from(chunk);
        // Neighbours have their other copies in different places, so that many share the work when a server is lost.
        let jump = 1 + number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % (servers - 1).max(1);
        let mut places = Vec::with_capacity(self.replicas);
        let home = number % servers * self.stride;
        places.push((home % servers) as usize);
        for (apart, enough) in [(true, self.replicas.min(self.apart)), (false, self.replicas)] {
            for step in 0..servers {
                if places.len() >= enough {
                    break;
                }
                let next = ((home + jump + step) % servers) as usize;
                let near = places.iter().any(|place| self.zones[*place] == self.zones[next]);
                if !(places.contains(&next) || apart && near) {
                    places.push(next);
                }
            }
        }
        places.into_iter().map(|place| NodeId(self.first.0 + place as u32)).collect()
    }
}

/// About three fifths of so many, with no divisor in common with them.
fn stride(servers: u64) -> u64 {
    fn common(a: u64, b: u64) -> u64 {
        if b == 0 { a } else { common(b, a % b) }
    }
    (servers * 3 / 5..).find(|stride| *stride > 0 && common(*stride, servers) == 1).unwrap_or(1)
}

impl Dfs {
    /// Puts on the disk what is there from the beginning.
    pub(super) fn install(&mut self, ctx: &mut Ctx<Self>) {
        let me = ctx.me;
        let master = me == Dfs::master(ctx);
        let layout = Layout::new(self.config.replicas, ctx);
        for text in self.config.texts() {
            for chunk in 0..text.chunks {
                let (name, bytes) = (Name { file: File::Text(text), chunk }, self.config.size(chunk));
                if master {
                    ctx.disk.push(Record::Stands(name, 0, bytes));
                } else if layout.holders(text, chunk).contains(&me) {
                    ctx.disk.push(Record::Has(name, 0, Content { text: text.chunk(chunk), bytes }));
                    // A machine that was never used knows what it was sold with.
                    self.standing.insert(name, 0);
                }
            }
        }
        // It was there before the machine was switched on.
        Durable::flush(ctx.disk);
        Durable::flushed(ctx.disk);
    }

    /// What a booting process finds on its disk.
    pub(super) fn read_disk(&mut self, ctx: &mut Ctx<Self>) {
        for (place, record) in ctx.disk.iter().enumerate() {
            match record {
                Record::Has(name, version, _) => {
                    self.copies.insert((*name, *version), place);
                    self.hash = self.hash.wrapping_add(super::hash((*name, *version)));
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
            Some(master) => {
                master.look(&self.config, ctx);
                for (ticket, text) in master.waited() {
                    self.locate(ticket, text, ctx);
                }
            }
            None => ctx.send(Dfs::master(ctx), Beat(self.hash)),
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
            self.hash = self.hash.wrapping_add(super::hash((name, version)));
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
        back: Option<(NodeId, Time)>,
        ctx: &mut Ctx<Self>,
    ) {
        let Some(content) = self.copy(name, version, ctx) else { return };
        if rest.is_empty() {
            if let Some((back, since)) = back {
                ctx.send(back, Stored(version, since));
            }
            return;
        }
        let next = rest.remove(0);
        ctx.send(next, Push(name, version, content, rest, back));
    }
}
