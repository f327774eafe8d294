//! What sites say to one another.

use crate::gossip::database::{Stamp, Update};
use Msg::*;
use sim_core::prelude::*;

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// My rumours.
    Push(Vec<Update>),
    /// Which rumours have you?
    Pull,
    /// My rumours; which have you?
    PushPull(Vec<Update>),
    /// Of what you told me: whether it was news.
    Heard(Vec<(u64, Stamp, bool)>),
    /// Send me your database if its checksum is another.
    Ask(u64),
    /// What you may not know.
    Offer(Vec<Update>),
    /// My database: send me what I do not know.
    Exchange(Vec<Update>),
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        1 + match self {
            Push(updates) | PushPull(updates) | Offer(updates) | Exchange(updates) => updates.bytes(),
            Pull => 0,
            Heard(heard) => 4 + 21 * heard.len() as u64,
            Ask(_) => 8,
        }
    }
}
