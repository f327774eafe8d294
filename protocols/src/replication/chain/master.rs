//! The master (§3): it hears who lives, and repairs the chain.

use super::*;

/// What the master keeps.
#[derive(Clone, Debug, Hash)]
pub(super) struct Master {
    /// When it last heard each server, by its own clock.
    heard: BTreeMap<NodeId, Time>,
}

impl Master {
    /// A master that boots gives everybody time to be heard.
    pub(super) fn new<S: Spec>(ctx: &mut Ctx<Chain<S>>) -> Master {
        let now = ctx.now();
        Master { heard: ctx.peers().map(|node| (node, now)).collect() }
    }
}

impl<S: Spec> Chain<S> {
    pub(super) fn heartbeat(&mut self, ctx: &mut Ctx<Self>) {
        ctx.set(Heartbeat, self.config.heartbeat);
        if self.master.is_some() {
            return self.repair(ctx);
        }
        let (master, sent) = (ctx.members().next().expect("a group has a first node"), ctx.now());
        ctx.send(master, Alive { sent, caught_up: self.caught_up });
        // Says what was said last, without the updates: the successor tells if something is missing.
        if self.place.member {
            self.forward(self.agreed, ctx);
        }
    }

    /// A server lives. One that is outside joins as the tail, one at a time.
    pub(super) fn alive(&mut self, from: NodeId, sent: Time, caught_up: Option<u64>, ctx: &mut Ctx<Self>) {
        let now = ctx.now();
        let Some(master) = &mut self.master else { return };
        master.heard.insert(from, now);
        let Setup { version, chain, joining } = &self.setup;
        if *joining && chain.last() == Some(&from) && caught_up == Some(*version) {
            self.configure(Setup { joining: false, ..self.setup.clone() }, ctx);
        } else if !joining && !chain.contains(&from) {
            let chain = chain.iter().copied().chain([from]).collect();
            self.configure(Setup { chain, joining: true, ..self.setup.clone() }, ctx);
        }
        ctx.send(from, Configuration { setup: self.setup.clone(), sent: Some(sent) });
    }

    /// Takes out who is silent, unless nobody would be left that has everything.
    fn repair(&mut self, ctx: &mut Ctx<Self>) {
        let now = ctx.now();
        let Some(master) = &self.master else { return };
        let Setup { chain, joining, .. } = &self.setup;
        let lives =
            |node: &&NodeId| master.heard.get(node).is_some_and(|&at| at + self.config.timeout >= now);
        let left: Vec<NodeId> = chain.iter().filter(lives).copied().collect();
        let whole = &chain[..chain.len() - usize::from(*joining)];
        if left.len() < chain.len() && left.iter().any(|node| whole.contains(node)) {
            let joining = *joining && left.last() == chain.last();
            self.configure(Setup { chain: left, joining, ..self.setup.clone() }, ctx);
        }
    }

    /// A new configuration, on the disk before anybody hears of it.
    pub(super) fn configure(&mut self, setup: Setup, ctx: &mut Ctx<Self>) {
        self.setup = Setup { version: ctx.disk.setup.get().version + 1, ..setup };
        ctx.disk.setup.set(self.setup.clone());
        ctx.sync();
        ctx.broadcast(Configuration { setup: self.setup.clone(), sent: None });
    }
}
