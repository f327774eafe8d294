//! What peers and trackers say.

use super::{Bits, Chunk};
use Msg::*;
use sim_core::prelude::*;

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// To a tracker, or to anybody without one: I know of these; whom do you know of?
    Who(Vec<NodeId>),
    /// Of these.
    Peers(Vec<NodeId>),
    /// Let us be neighbours, or still be; this is what I have.
    Hello(Bits),
    /// We are; and this is what I have.
    Welcome(Bits),
    /// We are not.
    Leave,
    /// I have got this chunk.
    Have(u32),
    /// I have an upload for you: choose.
    Unchoke,
    /// I choose this chunk, and this is when.
    Want(u32, Time),
    /// You have nothing that I want now.
    Decline,
    /// I have no upload for this chunk.
    Choke(u32),
    /// A chunk, all of it; its size; and when it was chosen.
    Piece(Chunk, u64, Time),
    /// It came, and is not what it should be.
    Damaged(u32),
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        match self {
            Leave | Unchoke | Decline => 1,
            Who(nodes) | Peers(nodes) => 1 + 6 * nodes.len() as u64,
            Hello(have) | Welcome(have) => 1 + have.bytes(),
            Have(_) | Choke(_) | Damaged(_) => 5,
            Want(..) => 13,
            Piece(_, bytes, _) => *bytes,
        }
    }
}
