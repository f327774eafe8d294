//! Who was what, and when: the changes of role of the servers, node by node, and who led.

use sim_core::{
    judged::Judged,
    protocol::{NodeId, Role},
    run::RoleChange,
    time::Time,
};

/// A stretch of time in which a node had one role and one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) from: Time,
    pub(crate) until: Time,
    pub(crate) role: Role,
    pub(crate) epoch: u64,
}

/// Whether this role leads its group, whatever the protocol calls it.
pub fn leads(role: Role) -> bool {
    matches!(role.0, "leader" | "primary" | "coordinator" | "master" | "sequencer")
}

/// The servers of the run, in order.
pub(crate) fn servers(judged: &Judged) -> impl Iterator<Item = NodeId> {
    judged.run.services.iter().filter(|s| !s.clients).flat_map(|s| s.ids())
}

/// The changes of role of servers, in order of time.
pub(crate) fn changes(judged: &Judged) -> Vec<RoleChange> {
    let client = |node| judged.run.services.iter().any(|s| s.clients && s.holds(node));
    let mut changes: Vec<RoleChange> = judged.run.roles.iter().filter(|c| !client(c.node)).copied().collect();
    changes.sort_by_key(|c| c.at);
    changes
}

/// The changes of role of servers without pauses: who is paused keeps its role, and who resumes goes on in it.
pub(crate) fn turns(judged: &Judged) -> Vec<RoleChange> {
    // By node: a tree of a million would take longer than all else that a report does.
    let mut last: Vec<Option<(Role, u64)>> = vec![None; judged.run.node_count() as usize];
    let awake = changes(judged).into_iter().filter(|c| c.role != Role::PAUSED);
    awake.filter(|c| last[c.node.0 as usize].replace((c.role, c.epoch)) != Some((c.role, c.epoch))).collect()
}

/// Every time a server began to lead, in order of time; a new epoch of the same leader counts, a repeated entry does not.
pub(crate) fn leaderships(judged: &Judged) -> Vec<RoleChange> {
    if !judged.run.roles.iter().any(|c| leads(c.role)) {
        return Vec::new();
    }
    let mut led: Vec<RoleChange> = turns(judged).into_iter().filter(|c| leads(c.role)).collect();
    led.dedup_by_key(|c| (c.node, c.epoch));
    led
}

/// The stretches of one node, given all changes in order of time.
pub(crate) fn stretches(changes: &[RoleChange], node: NodeId, run_end: Time) -> Vec<Stretch> {
    let mut out: Vec<Stretch> = Vec::new();
    for change in changes.iter().filter(|c| c.node == node) {
        let at = change.at.min(run_end);
        if let Some(last) = out.last_mut() {
            last.until = at;
        }
        out.push(Stretch { from: at, until: run_end, role: change.role, epoch: change.epoch });
    }
    out
}
