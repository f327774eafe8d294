//! Slots that are reused: what is in flight lives here, so memory follows what is pending and not the length of a run.
//! The slot freed last is taken first: its memory is still near.

use alloc::vec::Vec;
use core::hint::black_box;

/// No slot.
pub(crate) const NO_SLOT: u32 = u32::MAX;

/// Values by slot. Whoever holds a slot's number knows that it is in use.
#[derive(Clone, Debug)]
pub(crate) struct Slab<T> {
    slots: Vec<Slot<T>>,
    /// The slot freed last; each that is free names the one freed before it.
    free: u32,
    len: u32,
}

#[derive(Clone, Debug)]
enum Slot<T> {
    Free(u32),
    Used(T),
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Slab { slots: Vec::new(), free: NO_SLOT, len: 0 }
    }
}

impl<T> Slab<T> {
    #[inline]
    pub(crate) fn insert(&mut self, value: T) -> u32 {
        self.len += 1;
        let slot = self.free;
        match self.slots.get_mut(slot as usize) {
            Some(entry) => {
                match core::mem::replace(entry, Slot::Used(value)) {
                    Slot::Free(next) => self.free = next,
                    Slot::Used(_) => panic!("slot {slot} is free and in use"),
                }
                slot
            }
            None => self.grow(value),
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, value: T) -> u32 {
        let slot = self.slots.len() as u32;
        assert!(slot < NO_SLOT, "fewer than 2^32 values are in flight");
        self.slots.push(Slot::Used(value));
        slot
    }

    #[inline]
    pub(crate) fn take(&mut self, slot: u32) -> T {
        match core::mem::replace(&mut self.slots[slot as usize], Slot::Free(self.free)) {
            Slot::Used(value) => {
                self.free = slot;
                self.len -= 1;
                value
            }
            Slot::Free(_) => panic!("slot {slot} was taken twice"),
        }
    }

    #[inline]
    pub(crate) fn at(&mut self, slot: u32) -> &mut T {
        match &mut self.slots[slot as usize] {
            Slot::Used(value) => value,
            Slot::Free(_) => panic!("slot {slot} is free"),
        }
    }

    /// Brings a slot near.
    #[inline]
    pub(crate) fn foresee(&self, slot: u32) {
        black_box(matches!(self.slots.get(slot as usize), Some(Slot::Used(_))));
    }

    /// Number of values held.
    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }

    /// Frees everything, but keeps the memory. Slots are given out as by a new one.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
        (self.free, self.len) = (NO_SLOT, 0);
    }
}

/// Values by slot and round: a slot's round goes up each time it is freed, so that an old handle is recognised (a
/// generational arena).
#[derive(Clone, Debug)]
pub(crate) struct Arena<T> {
    entries: Vec<Entry<T>>,
    free: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Entry<T> {
    round: u32,
    value: Option<T>,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Arena { entries: Vec::new(), free: Vec::new() }
    }
}

impl<T> Arena<T> {
    /// The slot and the round of a new value.
    #[inline]
    pub(crate) fn insert(&mut self, value: T) -> (u32, u32) {
        match self.free.pop() {
            Some(slot) => {
                let entry = &mut self.entries[slot as usize];
                entry.value = Some(value);
                (slot, entry.round)
            }
            None => {
                self.entries.push(Entry { round: 0, value: Some(value) });
                (self.entries.len() as u32 - 1, 0)
            }
        }
    }

    #[inline]
    pub(crate) fn take(&mut self, slot: u32) -> T {
        let entry = &mut self.entries[slot as usize];
        entry.round = entry.round.wrapping_add(1);
        self.free.push(slot);
        entry.value.take().expect("a slot is taken once")
    }

    /// The value in `slot`, unless it was freed since `round`.
    #[inline]
    pub(crate) fn get(&mut self, slot: u32, round: u32) -> Option<&mut T> {
        self.entries.get_mut(slot as usize).filter(|entry| entry.round == round)?.value.as_mut()
    }

    #[inline]
    pub(crate) fn at(&mut self, slot: u32) -> &mut T {
        self.entries[slot as usize].value.as_mut().expect("a slot in use")
    }

    /// What is in `slot` with its round, unless it was freed since. For readers.
    pub(crate) fn peek(&self, slot: u32, round: u32) -> Option<&T> {
        self.entries.get(slot as usize).filter(|entry| entry.round == round)?.value.as_ref()
    }

    /// The slots in use whose value `wanted` names, with their rounds. Walks over all of them: for rare events.
    pub(crate) fn slots(&self, wanted: impl Fn(&T) -> bool) -> Vec<(u32, u32)> {
        let of = |entry: &Entry<T>| entry.value.as_ref().is_some_and(&wanted);
        let all = self.entries.iter().enumerate();
        all.filter(|(_, entry)| of(entry)).map(|(slot, entry)| (slot as u32, entry.round)).collect()
    }

    /// Frees every slot whose value `gone` names. Walks over all of them: for rare events.
    pub(crate) fn free_if(&mut self, gone: impl Fn(&T) -> bool) {
        for slot in 0..self.entries.len() {
            if self.entries[slot].value.as_ref().is_some_and(&gone) {
                self.take(slot as u32);
            }
        }
    }

    /// Brings a slot near.
    #[inline]
    pub(crate) fn foresee(&self, slot: u32) {
        black_box(self.entries.get(slot as usize).map(|entry| entry.round));
    }

    /// Number of values held.
    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// Frees everything, but keeps the memory. Slots and rounds are given out as by a new one.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.free.clear();
    }
}
