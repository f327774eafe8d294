//! Whether there is a small world to explore, and whether a path names its nodes.

use super::{Check, names::Named};
use crate::{format::Explore, messages::meaning};

pub(super) fn check(check: &mut Check<'_, '_>) {
    let Some(explore) = &check.scenario.explore else { return };
    let at = check.top.key("explore");
    let services = check.scenario.services.len();
    if services > 1 {
        check.say(meaning::explores_one(at.place(), services));
    }
    let &Explore { operations, states, .. } = explore;
    if operations > Explore::OPERATIONS_MAX {
        let most = Explore::OPERATIONS_MAX;
        check.say(meaning::explore_bound(at.key("operations").place(), "operations", operations, most));
    } else if operations > 0 && check.scenario.clients.is_none() {
        check.say(meaning::explore_operations(at.key("operations").place()));
    }
    if !(1..=Explore::STATES_MAX).contains(&states) {
        check.say(meaning::explore_bound(at.key("states").place(), "states", states, Explore::STATES_MAX));
    }
    if !check.knows_names() {
        return;
    }
    for (index, step) in explore.path.iter().enumerate() {
        let node = |name: &str| matches!(check.names.resolve(name), Named::Node(service, _) if service != crate::format::CLIENTS);
        let stranger = step.nodes().into_iter().find(|name| !node(name)).map(str::to_owned);
        if let Some(stranger) = stranger {
            let service = &check.scenario.services[0];
            let (first, last) = (service.node_name(0), service.node_name(service.nodes - 1));
            let place = at.key("path").item(index).place();
            check.say(meaning::no_such_node(place, &stranger, &first, &last));
        }
    }
}
