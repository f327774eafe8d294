//! The states met so far, numbered, and what each call does to each of them.

use crate::spec::Spec;
use alloc::{vec, vec::Vec};
use core::hash::{Hash, Hasher};

/// No state: the call would have returned something else. Also no member and no call.
pub(super) const NONE: u32 = u32::MAX;

/// A call that may happen, in its place.
#[derive(Debug)]
pub(super) struct Slot<'h, S: Spec> {
    /// Its index in the history.
    pub(super) call: u32,
    pub(super) op: &'h S::Op,
    /// What it returned; `None` if there is no answer to agree with.
    pub(super) ret: Option<&'h S::Ret>,
    /// The call before this one that has no answer either and asks for the same: it is used first.
    pub(super) before: Option<usize>,
    /// Whether all of the first `tried` states lead to the same, and where.
    pub(super) tried: usize,
    pub(super) constant: bool,
    pub(super) result: u32,
}

/// The states met so far. Two states have the same number exactly if they are equal: hashes only find candidates.
pub(super) struct States<S: Spec> {
    known: Vec<S::State>,
    hashes: Vec<u64>,
    /// Open addressing, at most half full.
    table: Vec<u32>,
    /// What each call makes of each state: `slots` cells per state.
    cells: Vec<Cell>,
    slots: usize,
}

/// Valid while `call` is the one in the slot. Calls count from one here.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    call: u32,
    next: u32,
}

impl<S: Spec> States<S> {
    pub(super) fn new() -> Self {
        States { known: Vec::new(), hashes: Vec::new(), table: vec![NONE; 64], cells: Vec::new(), slots: 8 }
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Words of memory in use.
    pub(super) fn words(&self) -> u64 {
        (self.cells.len() + 2 * self.known.len() + self.table.len() / 2) as u64
    }

    pub(super) fn get(&self, state: u32) -> &S::State {
        &self.known[state as usize]
    }

    /// The number of `state`.
    pub(super) fn number(&mut self, state: S::State) -> u32 {
        let hash = hash(&state);
        let mut place = hash as usize & (self.table.len() - 1);
        while self.table[place] != NONE {
            let found = self.table[place];
            if self.hashes[found as usize] == hash && self.known[found as usize] == state {
                return found;
            }
            place = (place + 1) & (self.table.len() - 1);
        }
        let number = self.known.len() as u32;
        self.table[place] = number;
        self.known.push(state);
        self.hashes.push(hash);
        self.cells.resize(self.cells.len() + self.slots, Cell::default());
        if 2 * self.known.len() > self.table.len() {
            self.grow();
        }
        number
    }

    fn grow(&mut self) {
        let size = 2 * self.table.len();
        self.table.clear();
        self.table.resize(size, NONE);
        for (number, &hash) in self.hashes.iter().enumerate() {
            let mut place = hash as usize & (size - 1);
            while self.table[place] != NONE {
                place = (place + 1) & (size - 1);
            }
            self.table[place] = number as u32;
        }
    }

    /// The state after the call in `slot` at `state`; `NONE` if it would not have returned what it did.
    pub(super) fn after(&mut self, state: u32, slot: usize, slots: &[Slot<'_, S>]) -> u32 {
        let call = &slots[slot];
        let cell = self.cells[state as usize * self.slots + slot];
        if cell.call == call.call + 1 {
            return cell.next;
        }
        let mut then = self.known[state as usize].clone();
        let ret = S::apply(&mut then, call.op);
        let agrees = call.ret.is_none_or(|recorded| *recorded == ret);
        let next = if agrees { self.number(then) } else { NONE };
        self.cells[state as usize * self.slots + slot] = Cell { call: call.call + 1, next };
        next
    }

    /// Makes room for `slots` slots.
    pub(super) fn widen(&mut self, slots: usize) {
        if slots <= self.slots {
            return;
        }
        let wider = slots.next_power_of_two();
        let mut cells = Vec::with_capacity(wider * self.len());
        for row in self.cells.chunks_exact(self.slots) {
            cells.extend_from_slice(row);
            cells.resize(cells.len() + wider - self.slots, Cell::default());
        }
        self.cells = cells;
        self.slots = wider;
    }

    /// Forgets all states, and returns them.
    pub(super) fn forget(&mut self) -> Vec<S::State> {
        self.hashes.clear();
        self.cells.clear();
        self.table.fill(NONE);
        core::mem::take(&mut self.known)
    }
}

/// A hash of `value`, to find candidates by.
pub(super) fn hash(value: &impl Hash) -> u64 {
    let mut hasher = Mixer(0);
    value.hash(&mut hasher);
    hasher.finish()
}

/// A hash that is the same everywhere (multiply and rotate, as in FxHash).
struct Mixer(u64);

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }
    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}
