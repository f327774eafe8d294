//! What must hold of charges, and what should happen to make that worth something.

use super::Billing;
use sim_core::prelude::*;

pub(super) const ALL: &[Property<Billing>] = &[
    Property::always("no invoice is charged twice", When::News, |ghost: &Ghost, _, _| match ghost.twice {
        None => Judgement::Holds,
        Some(invoice) => Judgement::Broken(format!("invoice {invoice} was charged twice")),
    }),
    Property::always("no invoice is passed over", When::News, |ghost: &Ghost, _, _| {
        match ghost.passed_over {
            None => Judgement::Holds,
            Some(invoice) => {
                Judgement::Broken(format!("invoice {invoice} was not charged before a later one"))
            }
        }
    }),
    Property::always("what a worker was told stands", When::EveryEvent, told),
    Property::always("a token is one worker's", When::News, |ghost: &Ghost, _, _| match ghost.shared {
        None => Judgement::Holds,
        Some((token, one, other)) => {
            Judgement::Broken(format!("nodes {} and {} hold token {token}", one.0, other.0))
        }
    }),
    Property::sometimes("an invoice was charged", When::News, |ghost: &Ghost, _, _| {
        Judgement::happened(ghost.news == Some(News::Charged))
    }),
    Property::sometimes("a lease was taken over", When::News, |ghost: &Ghost, _, _| {
        Judgement::happened(ghost.news == Some(News::TakenOver))
    }),
    Property::sometimes("a late charge was refused", When::News, |ghost: &Ghost, _, _| {
        Judgement::happened(ghost.news == Some(News::Refused))
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
    news: Option<News>,
}

/// What an event has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum News {
    Charged,
    Refused,
    /// Somebody holds the lease for the first time, or again.
    Taken,
    /// The same, and another held it before.
    TakenOver,
}

impl sim_core::property::Ghost<Billing> for Ghost {
    fn observe(&mut self, view: &View<'_, Billing>, changed: NodeId) -> bool {
        self.news = if changed == view.first { self.of_bank(view) } else { self.of_worker(view, changed) };
        self.news.is_some()
    }
}

impl Ghost {
    fn of_bank(&mut self, view: &View<'_, Billing>) -> Option<News> {
        let late = view.state(view.first).map_or(0, |bank| bank.late);
        let refused = late > core::mem::replace(&mut self.late, late);
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
        if seen < durable { Some(News::Charged) } else { Some(News::Refused).filter(|_| refused) }
    }

    fn of_worker(&mut self, view: &View<'_, Billing>, worker: NodeId) -> Option<News> {
        let token = view.state(worker)?.held.as_ref()?.stamp.token;
        match self.holders.insert(token, worker) {
            Some(before) if before == worker => return None,
            Some(before) => self.shared = Some((token, before, worker)),
            None => {}
        }
        let before = self.holders.range(..token).next_back().map(|(_, holder)| *holder);
        Some(if before.is_some_and(|before| before != worker) { News::TakenOver } else { News::Taken })
    }
}

/// A worker goes on from what the bank told it, so the bank may not forget that.
fn told(_: &Ghost, view: &View<'_, Billing>, changed: NodeId) -> Judgement {
    let durable = view.disk(view.first).1.durable() as u64;
    match view.state(changed) {
        Some(worker) if worker.held.is_some() && worker.next > durable => Judgement::Broken(format!(
            "node {} was told that invoice {} is charged, and {durable} are on the bank's disk",
            changed.0,
            worker.next - 1
        )),
        Some(worker) if worker.held.is_some() => Judgement::Holds,
        Some(_) | None => Judgement::Idle,
    }
}
