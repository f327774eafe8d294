//! What must hold of a membership, and what should happen at least once.

use super::{Accuracy, Change, Source, Status, Suspicion, Swim};
use crate::gossip::judge;
use sim_core::prelude::*;

pub(super) const CLAIMS: &[Property<Swim>] = &[
    Property::always("only a member raises its incarnation", When::News, own_incarnation),
    Property::always("later words stand", When::News, later_stand),
    Property::always("only suspects are declared dead", When::News, suspects_only),
    Property::always("the accused refutes", When::News, refutes),
    Property::always("the dead are soon known to all", When::News, completeness),
    Property::always("who runs is not held dead for ever", When::News, forgiveness),
    Property::always("nobody who runs is declared dead", When::News, accuracy),
    Property::sometimes("a crash is known to all", When::News, |ghost: &Ghost, _, _| {
        Judgement::happened(ghost.all_know)
    }),
    Property::sometimes(
        "a member that runs was declared dead",
        When::News,
        |ghost: &Ghost, view, changed| {
            let wrong = |change: &Change| declares(change) && ghost.runs(view.index(change.news.about));
            Judgement::happened(changes(view, changed).iter().any(wrong))
        },
    ),
    Property::sometimes("a suspicion was refuted", When::News, |_, view, changed| {
        let refuted = |change: &Change| {
            change.before.status == Status::Suspect && change.news.word.status == Status::Alive
        };
        Judgement::happened(changes(view, changed).iter().any(refuted))
    }),
    Property::sometimes("one that was held dead came back", When::News, |_, view, changed| {
        let back = |change: &Change| {
            change.before.status == Status::Dead && change.news.word.status == Status::Alive
        };
        Judgement::happened(changes(view, changed).iter().any(back))
    }),
    Property::sometimes("others had an answer", When::News, |_, view, changed| {
        Judgement::happened(view.state(changed).is_some_and(|member| member.saved))
    }),
];

/// History variables.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ghost {
    members: Vec<Seen>,
    running: usize,
    /// Who is down, since when, and who holds it dead.
    down: BTreeMap<usize, (Time, BTreeSet<NodeId>)>,
    /// Whether this event was the one after which all that run hold somebody dead who is down.
    all_know: bool,
}

/// A member as it was seen last.
#[derive(Clone, Copy, Debug, Hash)]
struct Seen {
    /// Since when it runs; `Time::MAX` while it does not.
    up: Time,
    /// The highest that it ever had.
    incarnation: u32,
    /// Periods of this life: what depends on time is judged once in each.
    periods: u32,
}

impl Ghost {
    fn runs(&self, index: usize) -> bool {
        self.members[index].up != Time::MAX
    }
}

impl sim_core::property::Ghost<Swim> for Ghost {
    fn observe(&mut self, view: &View<'_, Swim>, changed: NodeId) -> bool {
        let unseen = Seen { up: Time::MAX, incarnation: 0, periods: 0 };
        self.members.resize(view.nodes.len(), unseen);
        self.all_know = false;
        let index = view.index(changed);
        let ran = self.runs(index);
        let seen = &mut self.members[index];
        let Some(member) = view.state(changed) else {
            seen.up = Time::MAX;
            if ran {
                self.running -= 1;
                self.down.values_mut().for_each(|(_, holders)| {
                    holders.remove(&changed);
                });
                self.down.insert(index, (view.now, BTreeSet::new()));
            }
            return false;
        };
        if !ran {
            (seen.up, self.running) = (view.now, self.running + 1);
            self.down.remove(&index);
        }
        let news = member.saved
            || !member.changes.is_empty()
            || seen.periods != member.periods
            || member.accused.is_some_and(|accused| accused >= member.incarnation);
        (seen.periods, seen.incarnation) = (member.periods, seen.incarnation.max(member.incarnation));
        for change in &member.changes {
            if let Some((_, holders)) = self.down.get_mut(&view.index(change.news.about)) {
                if change.news.word.status != Status::Dead {
                    holders.remove(&changed);
                } else {
                    self.all_know |= holders.insert(changed) && holders.len() == self.running;
                }
            }
        }
        news
    }
}

fn changes<'a>(view: &View<'a, Swim>, changed: NodeId) -> &'a [Change] {
    view.state(changed).map_or(&[], |member| &member.changes)
}

/// Whether a member declares somebody dead by itself.
fn declares(change: &Change) -> bool {
    change.news.word.status == Status::Dead && change.source == Source::Own
}

/// §4.2: incarnations are raised by their members alone.
fn own_incarnation(ghost: &Ghost, view: &View<'_, Swim>, changed: NodeId) -> Judgement {
    judge(changes(view, changed).iter(), |change| {
        let (about, word) = (change.news.about, change.news.word);
        let own = ghost.members[view.index(about)].incarnation;
        (word.incarnation > own).then(|| {
            format!("node {} heard that node {}, of incarnation {own}, is {word:?}", changed.0, about.0)
        })
    })
}

/// A word of a later incarnation, or a worse one of the same, takes the place of a word, and nothing else does.
fn later_stand(_: &Ghost, view: &View<'_, Swim>, changed: NodeId) -> Judgement {
    judge(changes(view, changed).iter(), |change| {
        let (about, word) = (change.news.about.0, change.news.word);
        (word <= change.before)
            .then(|| format!("node {} held node {about} {:?}, and then {word:?}", changed.0, change.before))
    })
}

/// Where there is suspicion it comes first, and a refutation ends it.
fn suspects_only(_: &Ghost, view: &View<'_, Swim>, changed: NodeId) -> Judgement {
    let suspicion = view.state(changed).map(|member| member.config.suspicion);
    if suspicion.is_none_or(|suspicion| suspicion == Suspicion::None) {
        return Judgement::Idle;
    }
    let verdicts = changes(view, changed).iter().filter(|change| declares(change));
    judge(verdicts, |change| {
        (change.before.status != Status::Suspect).then(|| {
            let about = change.news.about.0;
            format!("node {} declared node {about} dead, which was {:?}", changed.0, change.before)
        })
    })
}

/// Whoever heard that it is suspected, or held dead, has a later incarnation.
fn refutes(_: &Ghost, view: &View<'_, Swim>, changed: NodeId) -> Judgement {
    let Some(member) = view.state(changed) else { return Judgement::Idle };
    judge(member.accused.iter(), |&accused| {
        (accused >= member.incarnation).then(|| {
            let own = member.incarnation;
            format!("node {} is accused in incarnation {accused}, and stays in {own}", changed.0)
        })
    })
}

/// Strong completeness in bounded time: what `detects` of the configuration claims.
fn completeness(ghost: &Ghost, view: &View<'_, Swim>, changed: NodeId) -> Judgement {
    let Some(member) = view.state(changed) else { return Judgement::Idle };
    let Some(detects) = member.config.detects else { return Judgement::Idle };
    if view.now.since(ghost.members[view.index(changed)].up) < detects {
        return Judgement::Idle;
    }
    judge(ghost.down.iter().filter(|(_, (since, _))| view.now.since(*since) >= detects), |(&about, _)| {
        let about = NodeId(view.first.0 + about as u32);
        let word = member.word(about);
        (word.status != Status::Dead)
            .then(|| format!("node {} is down for {detects}, and {word:?} to node {}", about.0, changed.0))
    })
}

/// What `forgives` of the configuration claims.
fn forgiveness(ghost: &Ghost, view: &View<'_, Swim>, changed: NodeId) -> Judgement {
    let Some(member) = view.state(changed) else { return Judgement::Idle };
    let Some(forgives) = member.config.forgives else { return Judgement::Idle };
    let held = member.others.iter().filter(|(_, other)| other.word.status == Status::Dead);
    let held = held.map(|(&about, other)| (about, other.since));
    judge(held.filter(|(about, _)| ghost.runs(view.index(*about))), |(about, since)| {
        let both = since.max(ghost.members[view.index(about)].up);
        (view.now.since(both) >= forgives)
            .then(|| format!("node {} runs, and node {} holds it dead for {forgives}", about.0, changed.0))
    })
}

/// Strong accuracy, which no such protocol has where messages may be late: what `accuracy: Strict` claims. It is put to the test
/// by every period in which somebody might have been declared dead.
fn accuracy(ghost: &Ghost, view: &View<'_, Swim>, changed: NodeId) -> Judgement {
    if view.state(changed).is_none_or(|member| member.config.accuracy == Accuracy::Lenient) {
        return Judgement::Idle;
    }
    let wrong = |change: &&Change| declares(change) && ghost.runs(view.index(change.news.about));
    match changes(view, changed).iter().find(wrong) {
        None => Judgement::Holds,
        Some(change) => {
            let about = change.news.about.0;
            Judgement::Broken(format!("node {} declared node {about} dead, which runs", changed.0))
        }
    }
}
