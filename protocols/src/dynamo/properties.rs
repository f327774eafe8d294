//! What must hold of Dynamo, and what should happen at least once.

use super::{Copies, Dynamo, Ghost, object::Object, object::Version};
use sim_core::prelude::*;

pub(super) const CLAIMS: &[Property<Dynamo>] = &[
    Property::always("write quorum", When::News, write_quorum),
    Property::always("versions are only superseded", When::News, |ghost: &Ghost, _, _| {
        match &ghost.news.lost {
            Some((key, lost)) => Judgement::Broken(format!(
                "key {key}: {lost:?} is gone, and nothing that has seen it is there"
            )),
            None => held(ghost.news.recorded),
        }
    }),
    Property::always("one value per clock", When::News, |ghost: &Ghost, _, _| match &ghost.news.twice {
        Some((key, one, other)) => {
            Judgement::Broken(format!("key {key}: {one:?} and {other:?} have one clock and two values"))
        }
        None => held(ghost.news.recorded),
    }),
    Property::always("acknowledged writes are kept", When::News, kept),
    Property::sometimes("siblings", When::News, |ghost: &Ghost, _, _| held(ghost.news.siblings)),
    Property::sometimes("conflict", When::News, |ghost: &Ghost, _, _| Judgement::times(ghost.news.conflicts)),
    Property::sometimes("kept for another", When::News, |ghost: &Ghost, _, _| held(ghost.news.hinted)),
    Property::sometimes("handed over", When::News, |ghost: &Ghost, _, _| held(ghost.news.handed)),
    Property::sometimes("repaired by a read", When::News, |ghost: &Ghost, _, _| held(ghost.news.repaired)),
    Property::sometimes("evened out by trees", When::News, |ghost: &Ghost, _, _| held(ghost.news.evened)),
];

/// For how many replicas of a key there is a copy of this version or of one that supersedes it, wherever it is kept: a
/// durable one, and at `changed` one in its log, for whatever it says waits for its disk. And how many there must be.
fn homes(
    ghost: &Ghost,
    view: &View<'_, Dynamo>,
    (key, version): (u64, &Version),
    changed: NodeId,
) -> Option<(usize, usize)> {
    let config = &view.state(changed)?.config;
    let covers = |object: &Object| object.covers(version, config.versions);
    let mut homes = BTreeSet::new();
    for (seen, index) in ghost.seen.iter().zip(0..) {
        let node = NodeId(view.first.0 + index);
        let Copies { own, hints } = if node == changed { &seen.log.copies } else { &seen.durable.copies };
        homes.extend(own.get(&key).filter(|object| covers(object)).map(|_| node));
        let hints = hints.range((key, NodeId(0))..=(key, NodeId::NONE));
        homes.extend(hints.filter(|(_, object)| covers(object)).map(|(hint, _)| hint.1));
    }
    Some((homes.len(), config.write as usize))
}

/// A write that is answered is on disks, for W replicas.
fn write_quorum(ghost: &Ghost, view: &View<'_, Dynamo>, changed: NodeId) -> Judgement {
    let Some((key, version)) = &ghost.news.answered else { return Judgement::Idle };
    match homes(ghost, view, (*key, version), changed) {
        Some((found, wanted)) if found < wanted => Judgement::Broken(format!(
            "a write of key {key} was answered with {found} of {wanted} durable copies"
        )),
        Some(_) => Judgement::Holds,
        None => Judgement::Idle,
    }
}

/// And stays there, or what superseded it: judged when somebody drops a copy. (Who wipes disks breaks this.)
fn kept(ghost: &Ghost, view: &View<'_, Dynamo>, changed: NodeId) -> Judgement {
    if ghost.news.dropped.is_empty() {
        return Judgement::Idle;
    }
    let dropped = ghost.news.dropped.iter().filter_map(|key| Some((*key, ghost.answered.get(key)?)));
    for (key, version) in dropped.flat_map(|(key, object)| object.versions().iter().map(move |v| (key, v))) {
        if let Some((found, wanted)) = homes(ghost, view, (key, version), changed)
            && found < wanted
        {
            return Judgement::Broken(format!(
                "a copy of key {key} was dropped, and an acknowledged write has {found} of {wanted} left"
            ));
        }
    }
    Judgement::Holds
}

fn held(so: bool) -> Judgement {
    Judgement::happened(so)
}
