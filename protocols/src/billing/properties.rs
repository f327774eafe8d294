//! What must hold of charges, and what should happen to make that worth something.

use super::Billing;
use sim_core::prelude::*;

pub(super) const CLAIMS: &[Property<Billing>] = &[
    Property::always("no invoice is charged twice", When::News, |ghost: &Ghost, _, _| {
        let wrong = ghost.twice.map(|invoice| format!("invoice {invoice} was charged twice"));
        judged(ghost.news.charged, wrong)
    }),
    Property::always("no invoice is passed over", When::News, |ghost: &Ghost, _, _| {
        let wrong = |invoice| format!("invoice {invoice} was not charged before a later one");
        judged(ghost.news.charged, ghost.passed_over.map(wrong))
    }),
    Property::always("what a worker was told stands", When::EveryEvent, told),
    Property::always("a token is one worker's", When::News, |ghost: &Ghost, _, _| {
        let wrong = |(token, one, other): (u64, NodeId, NodeId)| {
            format!("node {} and node {} hold token {token}", one.0, other.0)
        };
        judged(ghost.news.taken, ghost.shared.map(wrong))
    }),
    Property::sometimes("an invoice was charged", When::News, |ghost: &Ghost, _, _| {
        Judgement::happened(ghost.news.charged)
    }),
    Property::sometimes("a backlog was charged", When::News, |ghost: &Ghost, _, _| {
        Judgement::happened(ghost.news.caught_up)
    }),
    Property::sometimes("a lease was taken over", When::News, |ghost: &Ghost, _, _| {
        Judgement::happened(ghost.news.taken_over)
    }),
    Property::sometimes("a late charge was refused", When::News, |ghost: &Ghost, _, _| {
        Judgement::happened(ghost.news.refused)
    }),
    Property::sometimes("two workers lead at once", When::RoleChange, |_, view, _| {
        let leads = |member: &&sim_core::node::Member<Billing>| {
            member.state.as_ref().is_some_and(|worker| worker.held.is_some())
        };
        Judgement::happened(view.nodes.iter().filter(leads).count() > 1)
    }),
];

/// What the bank has charged for good, and who held which token.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ghost {
    /// Durable records of the bank that were looked at, and late charges that it refused in this life.
    records: usize,
    late: u64,
    /// All invoices before this one were charged.
    next: u64,
    twice: Option<u64>,
    passed_over: Option<u64>,
    /// Tokens, and who held them.
    holders: BTreeMap<u64, NodeId>,
    shared: Option<(u64, NodeId, NodeId)>,
    /// A [`BACKLOG`] was due and not charged, and since then something always was.
    backlog: bool,
    news: News,
}

/// So many invoices that are due and not charged are a backlog.
const BACKLOG: u64 = 10;

/// What an event has brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct News {
    charged: bool,
    /// All that was due is charged, after a backlog.
    caught_up: bool,
    refused: bool,
    /// Somebody holds the lease for the first time, or again; and another held it before.
    taken: bool,
    taken_over: bool,
}

impl sim_core::property::Ghost<Billing> for Ghost {
    /// The bank's disk is looked at whoever changed: workers hear of a charge as soon as it is durable.
    fn observe(&mut self, view: &View<'_, Billing>, changed: NodeId) -> bool {
        self.news = News::default();
        self.charges(view);
        if let Some(node) = view.state(changed) {
            self.waits(view.now, node.config.every);
        }
        if changed == view.first {
            self.refusals(view)
        } else {
            self.leases(view, changed)
        }
        self.news != News::default()
    }
}

impl Ghost {
    fn refusals(&mut self, view: &View<'_, Billing>) {
        let late = view.state(view.first).map_or(0, |bank| bank.late);
        self.news.refused = late > core::mem::replace(&mut self.late, late);
    }

    /// Invoice i is due at (i + 1) times `every`.
    fn waits(&mut self, now: Time, every: Span) {
        let due = now.0 / every.0;
        self.news.caught_up = self.backlog && self.next >= due;
        self.backlog = (self.backlog && self.next < due) || self.next + BACKLOG <= due;
    }

    fn charges(&mut self, view: &View<'_, Billing>) {
        let charged = &view.disk(view.first).1;
        let durable = charged.durable();
        let seen = core::mem::replace(&mut self.records, durable).min(durable);
        for &invoice in &charged[seen..durable] {
            if invoice < self.next {
                self.twice.get_or_insert(invoice);
            } else if invoice > self.next {
                self.passed_over.get_or_insert(self.next);
            }
            self.next = self.next.max(invoice + 1);
        }
        self.news.charged = seen < durable;
    }

    fn leases(&mut self, view: &View<'_, Billing>, worker: NodeId) {
        let held = view.state(worker).and_then(|worker| worker.held.as_ref());
        let Some(token) = held.map(|held| held.stamp.token) else { return };
        match self.holders.insert(token, worker) {
            Some(before) if before == worker => return,
            Some(before) => self.shared = Some((token, before, worker)),
            None => {}
        }
        let before = self.holders.range(..token).next_back().map(|(_, holder)| *holder);
        self.news.taken = true;
        self.news.taken_over = before.is_some_and(|before| before != worker);
    }
}

/// What is wrong, if anything; and whether this event was one to judge.
fn judged(now: bool, wrong: Option<String>) -> Judgement {
    match wrong {
        Some(wrong) => Judgement::Broken(wrong),
        None if now => Judgement::Holds,
        None => Judgement::Idle,
    }
}

/// A worker goes on from what the bank told it, so the bank may not forget that.
fn told(ghost: &Ghost, view: &View<'_, Billing>, changed: NodeId) -> Judgement {
    match view.state(changed) {
        Some(worker) if worker.held.is_some() && worker.next > ghost.next => Judgement::Broken(format!(
            "node {} was told that invoice {} is charged, and on the bank's disk are those before invoice {}",
            changed.0,
            worker.next - 1,
            ghost.next
        )),
        Some(worker) if worker.held.is_some() => Judgement::Holds,
        Some(_) | None => Judgement::Idle,
    }
}
