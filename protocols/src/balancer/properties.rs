//! What must hold of a load balancer, and what should happen at least once.

use super::Balancer;
use crate::workload::Workload;
use sim_core::prelude::*;

impl<S: Workload> Balancer<S> {
    pub(super) const CLAIMS: &'static [Property<Self>] = &[
        Property::always("what is counted as under way is under way", When::EveryEvent, counted),
        Property::sometimes("a server was ejected", When::EveryEvent, |_, view, changed| {
            Judgement::happened(view.state(changed).is_some_and(|balancer| balancer.ejected))
        }),
        Property::sometimes("a redirect was followed", When::EveryEvent, |_, view, changed| {
            Judgement::happened(view.state(changed).is_some_and(|balancer| balancer.redirected))
        }),
    ];
}

/// Each server has as many requests under way as are pending there.
fn counted<S: Workload>(_: &(), view: &View<'_, Balancer<S>>, changed: NodeId) -> Judgement {
    let Some(balancer) = view.state(changed) else { return Judgement::Idle };
    let mut pending = vec![0; balancer.servers.len()];
    balancer.pending.values().for_each(|request| pending[request.server()] += 1);
    let counted = balancer.servers.iter().map(|server| server.under_way);
    match counted.zip(pending).enumerate().find(|(_, (counted, pending))| counted != pending) {
        None => Judgement::Holds,
        Some((server, (counted, pending))) => Judgement::Broken(format!(
            "{counted} requests count as under way at server {}, and {pending} are",
            server + 1
        )),
    }
}
