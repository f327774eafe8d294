//! Leader election for its own sake, twice, with opposite answers to the same question: what if somebody does not answer?
//! [`ring`] waits for everybody: it never elects two, and elects nobody while one is down. [`bully`] waits for a while, and
//! takes silence for death: there is a leader soon after any crash, and two of them when the network was to blame.

pub mod bully;
pub mod ring;
