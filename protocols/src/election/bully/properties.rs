//! What must hold of the bully algorithm where its assumptions do, and what should happen at least once. All three claims allow
//! for the time that messages take, and a cut breaks all three.

use super::{Bully, Config, State};
use sim_core::prelude::*;

pub(super) const CLAIMS: &[Property<Bully>] = &[
    Property::always("one leader", When::EveryEvent, one_leader),
    Property::always("nobody higher lives", When::RoleChange, nobody_higher),
    Property::always("the highest soon leads all", When::EveryEvent, soon),
    Property::sometimes("elected", When::News, |ghost: &Ghost, view, changed| {
        Judgement::happened(ghost.leaders.get(&changed) == Some(&view.now))
    }),
    Property::sometimes("a leader gave way", When::News, |ghost: &Ghost, _, _| {
        Judgement::happened(ghost.gave_way)
    }),
];

/// Who lives, who leads, and since when.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ghost {
    living: BTreeMap<NodeId, Living>,
    /// When they took the lead.
    leaders: BTreeMap<NodeId, Time>,
    /// Who has led, and asks whether anybody higher lives or waits for it to lead.
    asking: BTreeSet<NodeId>,
    /// When somebody died or booted last.
    changed: Time,
    /// Somebody was still not led by the highest, when much later the next one died or booted.
    unled: Option<String>,
    /// A leader has just become a follower, at once or after it had asked.
    gave_way: bool,
}

#[derive(Clone, Debug, Hash)]
struct Living {
    since: Time,
    /// Whom it takes for the leader.
    leader: Option<NodeId>,
    /// How long a leader may be wanting after a death or boot. Somebody may have to notice the death of its leader, or of
    /// whoever answered it, and that election takes its time.
    patience: Span,
}

impl Living {
    fn new(node: &Bully, since: Time) -> Living {
        let Config { watch, answer, coordinator, .. } = node.config;
        Living { since, leader: None, patience: watch.1 + coordinator + answer * 2 }
    }
}

impl sim_core::property::Ghost<Bully> for Ghost {
    fn observe(&mut self, view: &View<'_, Bully>, changed: NodeId) -> bool {
        self.gave_way = false;
        let node = view.state(changed);
        if node.is_some() != self.living.contains_key(&changed) {
            self.unled = self.living.keys().find_map(|&node| self.unled(view, node));
            self.changed = view.now;
        }
        let Some(node) = node else {
            self.living.remove(&changed);
            self.asking.remove(&changed);
            return self.leaders.remove(&changed).is_some();
        };
        let living = self.living.entry(changed).or_insert_with(|| Living::new(node, view.now));
        living.leader = match node.state {
            State::Asking | State::Answered => None,
            State::Following(leader) => Some(leader),
            State::Leading => Some(changed),
        };
        if node.state == State::Leading {
            self.asking.remove(&changed);
            return self.leaders.insert(changed, *self.leaders.get(&changed).unwrap_or(&view.now)).is_none();
        }
        let led = self.leaders.remove(&changed).is_some();
        if led {
            self.asking.insert(changed);
        }
        let gives_way = matches!(node.state, State::Following(_)) && self.asking.remove(&changed);
        self.gave_way = gives_way;
        led || gives_way
    }
}

impl Ghost {
    /// What is wrong if the highest should lead this node by now, and does not.
    fn unled(&self, view: &View<'_, Bully>, node: NodeId) -> Option<String> {
        let (living, (&highest, _)) = (self.living.get(&node)?, self.living.last_key_value()?);
        let calm = view.now.since(self.changed);
        (calm > living.patience && living.leader != Some(highest)).then(|| {
            format!("{calm} after the last death or boot node {} does not lead node {}", highest.0, node.0)
        })
    }
}

/// No two lead, for longer than it takes the announcement of one to reach the other.
fn one_leader(ghost: &Ghost, view: &View<'_, Bully>, changed: NodeId) -> Judgement {
    let Some(node) = view.state(changed) else { return Judgement::Idle };
    let mut leaders: Vec<(Time, NodeId)> =
        ghost.leaders.iter().map(|(&node, &since)| (since, node)).collect();
    leaders.sort_unstable();
    match leaders[..] {
        [] => Judgement::Idle,
        [(_, one), (both, two), ..] if view.now > both + node.config.answer => Judgement::Broken(format!(
            "node {} and node {} have both led for {}",
            one.0,
            two.0,
            view.now.since(both)
        )),
        [..] => Judgement::Holds,
    }
}

/// Who takes the lead has asked all that are higher: if one has lived since, it would have answered.
fn nobody_higher(ghost: &Ghost, view: &View<'_, Bully>, changed: NodeId) -> Judgement {
    let Some(node) = view.state(changed).filter(|node| node.state == State::Leading) else {
        return Judgement::Idle;
    };
    let mut higher = ghost.living.iter().rev().take_while(|&(&node, _)| node > changed);
    match higher.find(|&(_, living)| view.now > living.since + node.config.answer) {
        None => Judgement::Holds,
        Some((&higher, living)) => Judgement::Broken(format!(
            "node {} leads, and node {} has lived for {}",
            changed.0,
            higher.0,
            view.now.since(living.since)
        )),
    }
}

/// Once nobody has died or booted for a while, the highest of the living leads them all.
fn soon(ghost: &Ghost, view: &View<'_, Bully>, changed: NodeId) -> Judgement {
    match ghost.unled.clone().or_else(|| ghost.unled(view, changed)) {
        Some(wrong) => Judgement::Broken(wrong),
        None => match ghost.living.get(&changed) {
            Some(living) if view.now.since(ghost.changed) > living.patience => Judgement::Holds,
            Some(_) | None => Judgement::Idle,
        },
    }
}
