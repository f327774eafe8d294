//! What must hold of a cache, and what should happen at least once.

use super::Cache;
use sim_core::prelude::*;

pub(super) const CLAIMS: &[Property<Cache>] =
    &[
        Property::always("nothing is served beyond its time to live", When::EveryEvent, fresh),
        Property::always("no more is kept than there is room for", When::EveryEvent, |_, view, changed| {
            match view.state(changed) {
                None => Judgement::Idle,
                Some(cache) if cache.entries.len() <= cache.config.capacity as usize => Judgement::Holds,
                Some(cache) => Judgement::Broken(format!("{} values are kept", cache.entries.len())),
            }
        }),
        Property::sometimes("a value was served from the cache", When::EveryEvent, |_, view, changed| {
            Judgement::happened(view.state(changed).is_some_and(|cache| cache.hit))
        }),
    ];

/// No entry was served at a moment when it was older than it may be.
fn fresh(_: &(), view: &View<'_, Cache>, changed: NodeId) -> Judgement {
    let Some(cache) = view.state(changed).filter(|cache| cache.hit) else { return Judgement::Idle };
    // What was served last was used last.
    let Some((_, key)) = cache.order.last_key_value() else { return Judgement::Idle };
    let entry = &cache.entries[key];
    match entry.served.since(entry.asked) {
        age if age <= cache.config.ttl => Judgement::Holds,
        age => Judgement::Broken(format!("key {key} was served {age} after it was asked for")),
    }
}
