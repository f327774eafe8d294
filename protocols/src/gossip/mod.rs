//! Gossip: how news reaches everybody when nobody is in charge.
//!
//! `epidemic` tells rumours and compares databases with random others, `flood` passes on what it hears along given links, and
//! `swim` learns who lives and who does not. Read them in this order. `database` is what the first two spread.

pub mod database;
pub mod epidemic;
