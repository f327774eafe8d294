//! Who takes part (§6; dissertation chapter 4): voters, and learners, who are sent the log and have no vote.
//!
//! What the latest Change in a server's log says is in force there at once, committed or not, and no longer when it is cut
//! off. A leader makes one change at a time, and none before an entry of its own term is committed. Who is to vote is a
//! learner first, until it has caught up to within a batch of entries (§4.2.1, in place of its rounds).
//!
//! Changes are what an operator asks of all servers, at moments that the configuration names; whoever leads works at the
//! latest one. There are two ways. `Joint` goes through a configuration in which a majority of the old voters and one of the
//! new must agree (§6). `Single` adds or removes one voter at a time, so that two majorities in a row overlap (§4.1).

use super::*;

/// A configuration of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Members {
    voters: Vec<NodeId>,
    /// While two configurations are joint: who voted in the old one.
    outgoing: Vec<NodeId>,
    learners: Vec<NodeId>,
    /// All of these: who is sent the log.
    all: Vec<NodeId>,
}

impl Members {
    /// All in ascending order; who is in two of them has the rights of both.
    pub fn new(voters: Vec<NodeId>, outgoing: Vec<NodeId>, learners: Vec<NodeId>) -> Members {
        let all = voters.iter().chain(&outgoing).chain(&learners).copied().collect::<BTreeSet<NodeId>>();
        Members { all: all.into_iter().collect(), voters, outgoing, learners }
    }

    /// Who votes, in the newer configuration if two are joint.
    pub fn voters(&self) -> &[NodeId] {
        &self.voters
    }

    /// Everybody who is sent the log.
    pub fn all(&self) -> &[NodeId] {
        &self.all
    }

    pub(super) fn votes(&self, node: NodeId) -> bool {
        self.voters.contains(&node) || self.outgoing.contains(&node)
    }

    /// Whether one server is a majority, with or without learners beside it.
    pub(super) fn one_decides(&self) -> bool {
        self.voters.len() <= 1 && self.outgoing.len() <= 1
    }

    /// The sets of which each must have a majority.
    fn quorums(&self) -> impl Iterator<Item = &[NodeId]> {
        [&self.voters[..], &self.outgoing].into_iter().filter(|voters| !voters.is_empty())
    }

    /// The highest index that a majority has reached, of each set of voters.
    pub(super) fn committed<I: Copy + Ord + Bounded>(&self, index: impl Fn(NodeId) -> I) -> I {
        let [new, old] =
            [&self.voters, &self.outgoing].map(|voters| quorum::committed(voters, |&node| index(node)));
        new.min(old)
    }

    /// Whether a majority has come so far, of each set of voters.
    #[inline]
    pub(super) fn reached(&self, so_far: impl Fn(NodeId) -> bool) -> bool {
        quorum::reached(&self.voters, |&node| so_far(node))
            && (self.outgoing.is_empty() || quorum::reached(&self.outgoing, |&node| so_far(node)))
    }

    /// What the votes come to: the election is won in each set of voters, or it is not.
    pub(super) fn poll(&self, vote: impl Fn(NodeId) -> Option<bool>) -> Poll {
        let polls = || self.quorums().map(|voters| quorum::poll(voters, |&node| vote(node)));
        if polls().any(|poll| poll == Poll::Lost) {
            Poll::Lost
        } else if polls().all(|poll| poll == Poll::Won) {
            Poll::Won
        } else {
            Poll::Pending
        }
    }

    /// The next configuration on the way to these voters and learners; `None` if a newcomer has to catch up first, or these
    /// are they.
    fn next(
        &self,
        voters: &[NodeId],
        learners: &[NodeId],
        way: Way,
        caught_up: impl Fn(&NodeId) -> bool,
    ) -> Option<Members> {
        let old = &self.voters;
        if !self.outgoing.is_empty() {
            return Some(Members::new(old.clone(), vec![], learners.to_vec()));
        }
        let mut newcomers = without(voters, old);
        if way == Way::Single {
            newcomers.truncate(1);
        }
        let pupils = union(learners, &newcomers);
        if pupils != self.learners {
            return Some(Members::new(old.clone(), vec![], pupils));
        }
        if !newcomers.iter().all(caught_up) {
            return None;
        }
        match way {
            Way::Joint if voters != old => {
                Some(Members::new(voters.to_vec(), old.clone(), learners.to_vec()))
            }
            Way::Joint => None,
            Way::Single if !newcomers.is_empty() => {
                Some(Members::new(union(old, &newcomers), vec![], learners.to_vec()))
            }
            Way::Single => {
                let leaving = without(old, voters);
                leaving.first().map(|&one| Members::new(without(old, &[one]), vec![], learners.to_vec()))
            }
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        4 * (self.voters.len() + self.outgoing.len() + self.learners.len()) as u64
    }
}

fn without(nodes: &[NodeId], others: &[NodeId]) -> Vec<NodeId> {
    nodes.iter().filter(|node| !others.contains(node)).copied().collect()
}

fn union(nodes: &[NodeId], others: &[NodeId]) -> Vec<NodeId> {
    nodes.iter().chain(others).copied().collect::<BTreeSet<NodeId>>().into_iter().collect()
}

impl<S: Spec> Raft<S> {
    /// The index of the latest Change among the first entries of a log, up to `index`, and what it says.
    pub(super) fn members_at(config: &Config, index: usize, ctx: &Ctx<Self>) -> (usize, Members) {
        let log = &ctx.disk.log;
        let changes =
            (log.start() + 1..=index).rev().filter_map(|index| match &entry_at(log, index).command {
                Command::Change(members) => Some((index, (**members).clone())),
                Command::Noop | Command::Apply(_) => None,
            });
        let before = || match log.start() {
            0 => (0, config.first_members(ctx.members())),
            start if config.flaw == Some(Flaw::ForgottenMembers) => {
                (start, config.first_members(ctx.members()))
            }
            start => (start, log.snapshot().state.members.clone()),
        };
        { changes }.next().unwrap_or_else(before)
    }

    /// The operator asks for change number `which`.
    pub(super) fn ask(&mut self, which: u32, ctx: &mut Ctx<Self>) {
        self.wish = Some(which);
        self.pursue(ctx);
    }

    /// Takes the next step towards what the operator asked for last, if this server leads, and may.
    pub(super) fn pursue(&mut self, ctx: &mut Ctx<Self>) {
        let (Leader { followers, .. }, Some(wish)) = (&self.standing, self.wish) else { return };
        let log = &ctx.disk.log;
        // Without an entry of its own term a leader cannot know that no other change is still to be committed: the flaw of
        // single-server changes as first published (Ongaro, raft-dev, 10 July 2015). What is committed is in the log, but a
        // flawed server may think otherwise.
        let committed = self.commit.min(log.end());
        let opened = term_at(log, committed) == self.term || self.has(Flaw::EagerChange);
        if self.changed > self.commit || !opened {
            return;
        }
        let Change { voters, learners, .. } = &self.config.changes[wish as usize];
        let [voters, learners] = [voters, learners].map(|numbers| numbered(numbers, ctx.members()));
        let close = log.end().saturating_sub(self.config.batch as usize);
        let caught_up = |node: &NodeId| followers[ctx.index(*node)].matched >= close;
        match self.members.next(&voters, &learners, self.config.way, caught_up) {
            Some(next) => {
                self.take(Command::Change(Box::new(next.clone())), ctx);
                (self.changed, self.members) = (ctx.disk.log.end(), next);
                self.replicate(ctx);
                self.advance(ctx);
            }
            None if *self.members.voters() == voters => self.wish = None,
            None => {}
        }
    }

    /// The latest change is committed: a leader that is no longer among the voters steps down (§4.2.2); another goes on.
    pub(super) fn changed(&mut self, ctx: &mut Ctx<Self>) {
        if self.members.votes(ctx.me) {
            self.pursue(ctx);
        } else {
            self.heartbeat(ctx);
            self.follow(self.term, ctx);
        }
    }
}
