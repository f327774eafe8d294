//! stub
#![no_std]
extern crate alloc;
#[cfg(test)]
extern crate std;
pub mod check;
pub mod history;
pub mod protocol;
pub mod rng;
pub mod spec;
pub mod time;
