//! Checkers: pure functions from a finished history to a verdict. Each has a budget and may answer "unknown".

pub mod linearizability;
