//! Any sequence of uses of the event queue gives back what a sorted map gives back.

#![no_main]

#[path = "../../sim-core/tests/all/beside_a_map.rs"]
mod beside_a_map;

use beside_a_map::{Pair, Use};
use libfuzzer_sys::{
    arbitrary::{Result, Unstructured},
    fuzz_target,
};

/// A distance of any magnitude: bits below a border, and a little around it.
fn distance(bytes: &mut Unstructured<'_>) -> Result<u64> {
    let bits = bytes.int_in_range(0..=64_u32)?;
    let border = 1_u64.checked_shl(bits).unwrap_or(u64::MAX);
    Ok(match bytes.int_in_range(0..=2_u8)? {
        0 => border.saturating_add_signed(bytes.int_in_range(-3..=3_i64)?),
        1 => bytes.int_in_range(0..=border)?,
        _ => bytes.int_in_range(0..=9_u64)?,
    })
}

fn one(bytes: &mut Unstructured<'_>) -> Result<Use> {
    Ok(match bytes.int_in_range(0..=15_u8)? {
        0..=4 => Use::Push(distance(bytes)?),
        5 => Use::Burst(distance(bytes)?, bytes.arbitrary()?),
        6 => Use::Late(bytes.int_in_range(0..=300)?),
        7 | 8 => Use::Repost(distance(bytes)?),
        9 | 10 => Use::Pop(bytes.int_in_range(0..=40)?),
        11 => Use::Hold(bytes.int_in_range(0..=400)?, distance(bytes)?, distance(bytes)?),
        12 => Use::Descend(bytes.arbitrary()?),
        13 => Use::Look,
        14 => Use::Drain,
        _ if bytes.arbitrary()? => Use::Clear,
        _ => Use::Copy,
    })
}

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = Unstructured::new(bytes);
    let mut pair = Pair::new();
    while !bytes.is_empty() {
        let Ok(one) = one(&mut bytes) else { break };
        pair.step(&one);
    }
    while pair.pop() {}
});
