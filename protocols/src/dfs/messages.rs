//! What nodes that serve a request, servers that keep copies, and the master say to one another.

use super::{Content, Name, Version};
use Msg::*;
use sim_core::prelude::*;

/// What is said. Requests in progress have numbers of their own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// To the master: what stands under this name?
    Where(u64, Name),
    /// To the master: where shall this be written, if it can be to these?
    Target(u64, Name, Vec<NodeId>),
    /// Nothing stands yet; there.
    Targets(u64, Vec<NodeId>),
    /// To the master: this version, of so many bytes, is on disks.
    Commit(u64, Name, Version, u64),
    /// This version, of so many bytes, stands, and is there; `None` if none does.
    At(u64, Name, Option<(Version, u64, Vec<NodeId>)>),
    /// A chunk for your disk, and then for those of others; the last one tells whom it concerns, and when that sent it.
    Push(Name, Version, Content, Vec<NodeId>, Option<(NodeId, Time)>),
    /// All have it, of what was sent then.
    Stored(Version, Time),
    /// What is in it? And this is when I ask.
    Fetch(u64, Name, Version, Time),
    /// That; `None` if I have it not. And that is when you asked.
    Take(u64, Option<Content>, Time),
    /// To the master: I am there, and what I have hashes to this.
    Beat(u64),
    /// To the master: I have this now.
    Holds(Name, Version),
    /// What do you have?
    Tell,
    /// To the master: this, and nothing else.
    Report(Vec<(Name, Version)>),
    /// Send a copy there.
    Copy(Name, Version, NodeId),
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        let nodes = |nodes: &Vec<NodeId>| 4 * nodes.len() as u64;
        match self {
            Where(..) => 24,
            Target(_, _, to) => 28 + nodes(to),
            Commit(..) | Fetch(..) => 40,
            Copy(..) | Holds(..) => 32,
            Targets(_, to) => 8 + nodes(to),
            At(_, _, found) => 25 + found.as_ref().map_or(0, |(_, _, at)| 16 + nodes(at)),
            Push(_, _, content, rest, _) => 37 + content.bytes() + nodes(rest),
            Take(_, content, _) => 16 + content.bytes(),
            Stored(..) => 16,
            Beat(_) => 8,
            Tell => 1,
            Report(copies) => 4 + 24 * copies.len() as u64,
        }
    }
}
