//! What clients saw of registers: how old, in which order, and whether it stayed. Checks for services that promise less
//! than linearizability, or that are to show what they do not give.
//!
//! **Model.** Under each key lies a register, which operations read and write as a whole; every write has a value of its
//! own ([`crate::spec::Spec::access`] says which calls do what). What replicas hold is not looked at: a history tells only what clients
//! were told. An operation may be several calls with the same value, some of them without an answer.
//!
//! **Certainty.** Everything here rests on one relation, drawn from real time alone. A write is *over* when all of its
//! calls have ended, or, if it is a single call, when somebody has read it, for one call takes effect once; a write that
//! has a call without an answer and was not read, or was called twice, is never over. *v is certainly older than w* when v
//! was over before the first call of w was made. Moments that touch overlap. Whatever is reported could be true of no
//! service that does one operation at a time, so a linearizable history has none of it; but a history without any of it
//! need not be linearizable.
//!
//! **What it assumes.** That a later write is the newer one. Where conflicts are resolved in another way (by clocks that
//! are wrong, by the longer chain), a service may take the write that was made first for the winner: by its own rules it
//! then shows the newest version, and the checks say that it shows an old one. To the clients it does.
//!
//! **What it cannot see.** The order of writes that overlap; what an unanswered write did that nobody read; and one key
//! by the light of another, for each key is judged by itself. A read of a value that nobody wrote is no anomaly of these,
//! and is left out. What may be an anomaly and may be none, because a call without an answer decides, is *open*: counted
//! apart, and no pass.
//!
//! **Cost.** Sorting: calls times the logarithm of calls, for each check.

mod convergence;
mod index;
mod lost;
mod sessions;
mod settled;
mod staleness;

pub use convergence::{Convergence, Disagreement, convergence};
pub use index::{Found, Read, Registers};
pub use lost::{Lost, LostWrite, lost_writes};
pub use sessions::{Guarantee, Kept, Sessions, sessions};
pub use settled::Rest;
pub use staleness::{StaleRead, Staleness, staleness};

#[cfg(test)]
mod tests;
