//! What members say, and the news that goes with it.

use super::Word;
use sim_core::prelude::*;

/// What is said, and the news that goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Msg {
    pub(super) what: What,
    /// That of the sender.
    pub(super) incarnation: u32,
    pub(super) news: Vec<News>,
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// Do you live? The prober wants to know, in its period of this number.
    Ping(NodeId, u32),
    /// Ping that one for me.
    PingReq(NodeId, u32),
    /// The answer to a ping, on its way to the prober.
    Ack(NodeId, u32),
}

/// A word about a member, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct News {
    pub(super) about: NodeId,
    pub(super) word: Word,
    pub(super) by: NodeId,
}

impl Message for Msg {
    /// A kind, two addresses and a number; for each piece of news a status, two addresses and an incarnation.
    fn bytes(&self) -> u64 {
        13 + 13 * self.news.len() as u64
    }
}
