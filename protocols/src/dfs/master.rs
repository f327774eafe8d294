//! What the master knows and says: what stands, who has it, and who is there.

use super::{Config, Dfs, Flaw, Msg, Msg::*, Name, Place, Record, Ret, Version, server::Layout};
use crate::text::Text;
use sim_core::prelude::*;

/// What the master knows.
#[derive(Clone, Debug, Hash)]
pub(super) struct Master {
    /// By name: the version that stands, and its size. As on the disk.
    pub(super) standing: BTreeMap<Name, (Version, u64)>,
    /// Who has which version, by what servers said last.
    holders: BTreeMap<(Name, Version), BTreeSet<NodeId>>,
    pub(super) servers: BTreeMap<NodeId, Server>,
    /// What stands and may have too few copies.
    pub(super) thin: BTreeSet<(Name, Version)>,
    /// Copies that were ordered: when last, and how often in vain.
    pub(super) ordered: BTreeMap<(Name, Version), (Time, u32)>,
    /// Until when servers may not have said yet what they have.
    pub(super) listens: Option<Time>,
    /// Who wants to know where a text is, and has to wait for that.
    asked: Vec<(Ticket, Text)>,
    /// How many copies the last input brought that replace others.
    pub(super) replaced: u64,
}

#[derive(Clone, Debug, Hash)]
pub(super) struct Server {
    pub(super) heard: Time,
    pub(super) alive: bool,
    pub(super) copies: BTreeSet<(Name, Version)>,
    /// What they hash to.
    hash: u64,
    /// So many more are to come, as far as is known: what is not counted until it is there all goes to whoever has the
    /// fewest (§4.3).
    pub(super) coming: usize,
}

impl Master {
    pub(super) fn boot(config: &Config, ctx: &mut Ctx<Dfs>) -> Master {
        let now = ctx.now();
        let servers: Vec<NodeId> = ctx.peers().collect();
        let server =
            |node| (node, Server { heard: now, alive: true, copies: BTreeSet::new(), hash: 0, coming: 0 });
        let mut master = Master {
            standing: BTreeMap::new(),
            holders: BTreeMap::new(),
            servers: servers.into_iter().map(server).collect(),
            thin: BTreeSet::new(),
            ordered: BTreeMap::new(),
            listens: (!ctx.first_boot()).then(|| now + config.patience),
            asked: Vec::new(),
            replaced: 0,
        };
        for record in ctx.disk.iter() {
            if let Record::Stands(name, version, bytes) = record {
                master.standing.insert(*name, (*version, *bytes));
            }
        }
        if ctx.first_boot() {
            let layout = Layout::new(config.replicas, ctx);
            for text in config.texts() {
                for chunk in 0..text.chunks {
                    let copy = (Name { file: super::File::Text(text), chunk }, 0);
                    for node in layout.holders(text, chunk) {
                        master.holds(node, copy);
                    }
                }
            }
        }
        master
    }

    /// Who had to wait until servers have said what they have, if they have now.
    pub(super) fn waited(&mut self) -> Vec<(Ticket, Text)> {
        if self.listens.is_some() { Vec::new() } else { core::mem::take(&mut self.asked) }
    }
    pub(super) fn show(&self) -> Vec<(&'static str, String)> {
        let alive = self.servers.values().filter(|server| server.alive).count();
        let shown =
            [("chunks", self.standing.len()), ("servers", alive), ("too few copies", self.thin.len())];
        shown.map(|(name, count)| (name, count.to_string())).into()
    }

    /// Somebody says something.
    pub(super) fn hear(&mut self, from: NodeId, msg: Msg, config: &Config, ctx: &mut Ctx<Dfs>) {
        match msg {
            Where(number, name) => self.tell(from, number, name, ctx),
            Target(number, name, _)
                if self.standing.contains_key(&name) && config.flaw != Some(Flaw::LastWins) =>
            {
                self.tell(from, number, name, ctx);
            }
            Target(number, _, mut to) => {
                to.retain(|node| self.servers.get(node).is_some_and(|server| server.alive));
                to.truncate(config.replicas as usize);
                let more = self.targets(from, &to, config.replicas as usize - to.len(), ctx);
                to.extend(&more);
                // Better late than with too few copies: who gets no answer asks again.
                if to.len() == config.replicas as usize {
                    self.expect(&more);
                    ctx.send(from, Targets(number, to));
                }
            }
            Commit(number, name, version, bytes) => {
                if !self.standing.contains_key(&name) || config.flaw == Some(Flaw::LastWins) {
                    self.standing.insert(name, (version, bytes));
                    ctx.disk.push(Record::Stands(name, version, bytes));
                    self.thin.insert((name, version));
                    if config.flaw != Some(Flaw::UnsyncedMaster) {
                        ctx.sync();
                    }
                }
                self.tell(from, number, name, ctx);
            }
            Beat(hash) => {
                let now = ctx.now();
                let Some(server) = self.servers.get_mut(&from) else { return };
                (server.heard, server.alive) = (now, true);
                if server.hash != hash {
                    ctx.send(from, Tell);
                }
            }
            Holds(name, version) => {
                if self.ordered.remove(&(name, version)).is_some() {
                    self.replaced += 1;
                }
                self.holds(from, (name, version));
            }
            Report(copies) => {
                let Some(server) = self.servers.get_mut(&from) else { return };
                (server.hash, server.coming) = (0, 0);
                for copy in core::mem::take(&mut server.copies) {
                    if let Some(nodes) = self.holders.get_mut(&copy) {
                        nodes.remove(&from);
                    }
                    self.doubt(copy);
                }
                copies.into_iter().for_each(|copy| self.holds(from, copy));
            }
            Targets(..) | At(..) | Push(..) | Stored(..) | Fetch(..) | Take(..) | Tell | Copy(..) => {}
        }
    }

    /// A server has this.
    fn holds(&mut self, node: NodeId, copy: (Name, Version)) {
        if let Some(server) = self.servers.get_mut(&node) {
            if server.copies.insert(copy) {
                server.hash = server.hash.wrapping_add(super::hash(copy));
                server.coming = server.coming.saturating_sub(1);
            }
            self.holders.entry(copy).or_default().insert(node);
        }
    }

    /// Who is there and has it.
    pub(super) fn alive(&self, copy: (Name, Version)) -> Vec<NodeId> {
        let holders = self.holders.get(&copy).into_iter().flatten().copied();
        holders.filter(|node| self.servers.get(node).is_some_and(|server| server.alive)).collect()
    }

    /// Says what stands under a name, and who has it: who is near first.
    fn tell(&self, to: NodeId, number: u64, name: Name, ctx: &mut Ctx<Dfs>) {
        let found = self.standing.get(&name).map(|(version, bytes)| {
            let mut nodes = self.alive((name, *version));
            ctx.rng.shuffle(&mut nodes);
            nodes.sort_by_key(|node| (*node != to, ctx.zone(*node) != ctx.zone(to)));
            (*version, *bytes, nodes)
        });
        ctx.send(to, At(number, name, found));
    }
}

impl Dfs {
    /// Somebody wants to know where the chunks of a text are.
    pub(super) fn locate(&mut self, ticket: Ticket, text: Text, ctx: &mut Ctx<Self>) {
        let Some(master) = &mut self.master else {
            return ctx.answer(ticket, Answer::Redirect(Dfs::master(ctx)));
        };
        if master.listens.is_some() {
            return master.asked.push((ticket, text));
        }
        let place = |chunk| {
            let name = Name { file: super::File::Text(text), chunk };
            let (version, bytes) = *master.standing.get(&name)?;
            Some(Place { bytes, nodes: master.alive((name, version)) })
        };
        let places: Option<Vec<Place>> = (0..text.chunks).map(place).collect();
        ctx.answer(ticket, Answer::Ok(Ret::Places(places.unwrap_or_default())));
    }
}
