//! Checkers: pure functions from a finished history to a verdict. What is hard to decide has a budget and may answer
//! "unknown"; the checks of registers, counters and sets need none.

pub mod linearizability;
pub mod merged;
pub mod register;
