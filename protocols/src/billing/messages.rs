//! What is said between workers and the bank, and the stamps that order it.

use sim_core::prelude::*;

/// What orders all that workers say to the bank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// Of the lease under which it is said.
    pub token: u64,
    /// What it is of all that is said under this lease.
    pub sequence: u64,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// A worker asks the bank how far the charges have come.
    Ask(Stamp),
    /// A worker charges an invoice.
    Charge(Stamp, u64),
    /// The bank has done what was asked; all invoices before this one are charged.
    Done(Stamp, u64),
    /// The bank has heard of a later stamp.
    Late(Stamp),
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        match self {
            Msg::Ask(_) | Msg::Late(_) => 17,
            Msg::Charge(..) | Msg::Done(..) => 25,
        }
    }
}
