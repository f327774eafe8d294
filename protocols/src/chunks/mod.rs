//! One file to many machines: cut into chunks, so that whoever has one can pass it on while it waits for the next.
//!
//! - [`push`]: every transfer is planned beforehand. The sender who does it alone, several senders, a chain, a tree, and a
//!   plan that is as fast as any can be.
//! - [`swarm`]: nobody plans anything. Peers tell their neighbours what they have, and whoever has an upload to give away lets a
//!   neighbour choose; a tracker, or gossip, says who is there.
//! - [`store`]: what a node has of the file, and on its disk; [`optimal`]: a plan as fast as any; [`bounds`]: how fast it can be at best; [`library`]: the chunks as a
//!   service for clients; [`properties`]: what must hold of all of them.
//!
//! A chunk is one message, large as it is, and is passed on only when all of it has come and its content is what it should
//! be. Whose uplink is free is nobody's to know: a sender has a fixed number of uploads under way, and begins the next when
//! a receiver says that it has one. In real networks what is said meanwhile finds its way between the packets of the
//! transfers; give interfaces some `express` in a scenario, or acknowledgements wait behind chunks.

pub mod bounds;
pub mod library;
pub mod optimal;
pub mod properties;
pub mod push;
pub mod store;
pub mod swarm;
