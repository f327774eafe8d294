//! Slots that are reused: what is in flight lives here, so memory follows what is pending and not the length of a run.

use alloc::vec::Vec;

/// Values by slot. A slot's round goes up each time it is freed, so an old handle is recognised.
#[derive(Clone, Debug)]
pub(crate) struct Slab<T> {
    entries: Vec<Entry<T>>,
    free: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Entry<T> {
    round: u32,
    value: Option<T>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Slab { entries: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    #[inline]
    pub(crate) fn insert(&mut self, value: T) -> u32 {
        match self.free.pop() {
            Some(slot) => {
                self.entries[slot as usize].value = Some(value);
                slot
            }
            None => {
                self.entries.push(Entry { round: 0, value: Some(value) });
                self.entries.len() as u32 - 1
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

    pub(crate) fn round(&self, slot: u32) -> u32 {
        self.entries[slot as usize].round
    }

    /// The value in `slot`, unless it was freed since `round`.
    pub(crate) fn get(&self, slot: u32, round: u32) -> Option<&T> {
        self.entries.get(slot as usize).filter(|e| e.round == round)?.value.as_ref()
    }

    #[inline]
    pub(crate) fn at(&mut self, slot: u32) -> &mut T {
        self.entries[slot as usize].value.as_mut().expect("a slot in use")
    }

    /// The slots in use whose value `wanted` names. Walks over all of them: for rare events.
    pub(crate) fn slots(&self, wanted: impl Fn(&T) -> bool) -> Vec<u32> {
        let of = |entry: &Entry<T>| entry.value.as_ref().is_some_and(&wanted);
        (0..self.entries.len()).filter(|&slot| of(&self.entries[slot])).map(|slot| slot as u32).collect()
    }

    /// Frees every slot whose value `gone` names. Walks over all of them: for rare events.
    pub(crate) fn free_if(&mut self, gone: impl Fn(&T) -> bool) {
        for slot in 0..self.entries.len() {
            if self.entries[slot].value.as_ref().is_some_and(&gone) {
                self.take(slot as u32);
            }
        }
    }

    /// Number of values held.
    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }
}
