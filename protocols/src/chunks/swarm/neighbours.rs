//! What a peer knows of those with whom it exchanges chunks. None of it is for ever: it is heard again at every greeting, and
//! who is silent is forgotten.

use crate::chunks::store::Bits;
use sim_core::prelude::*;

/// What a peer knows of a neighbour.
#[derive(Clone, Debug, Hash)]
pub(super) struct Neighbour {
    pub(super) node: NodeId,
    /// The chunks that it has.
    pub(super) have: Bits,
    /// It declined an upload, and has got nothing since.
    pub(super) busy: bool,
    /// So many chunks came from it.
    pub(super) gave: u32,
    /// So many greetings have been sent since it spoke.
    pub(super) unanswered: u8,
}

/// Who has answered none of so many greetings is gone.
const UNANSWERED_MAX: u8 = 3;

/// All of them, by number, and for each chunk how many of them have it.
#[derive(Clone, Debug, Hash)]
pub(super) struct Neighbours {
    all: Vec<Neighbour>,
    holders: Vec<u32>,
}

impl Neighbours {
    pub(super) fn none(chunks: u32) -> Neighbours {
        Neighbours { all: Vec::new(), holders: vec![0; chunks as usize] }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
    pub(super) fn iter(&self) -> impl Iterator<Item = &Neighbour> {
        self.all.iter()
    }
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Neighbour> {
        self.all.iter_mut()
    }
    /// Those who seem to be gone.
    pub(super) fn silent(&self) -> impl Iterator<Item = NodeId> {
        let silent = self.all.iter().filter(|neighbour| neighbour.unanswered >= UNANSWERED_MAX);
        silent.map(|neighbour| neighbour.node)
    }

    fn place(&self, node: NodeId) -> Result<usize, usize> {
        self.all.binary_search_by_key(&node, |neighbour| neighbour.node)
    }
    pub(super) fn get(&self, node: NodeId) -> Option<&Neighbour> {
        self.place(node).ok().map(|place| &self.all[place])
    }
    pub(super) fn get_mut(&mut self, node: NodeId) -> Option<&mut Neighbour> {
        self.place(node).ok().map(|place| &mut self.all[place])
    }
    pub(super) fn has(&self, node: NodeId) -> bool {
        self.place(node).is_ok()
    }

    /// How many of them have this chunk.
    pub(super) fn holders(&self, chunk: u32) -> u32 {
        self.holders[chunk as usize]
    }

    /// One says all that it has, which may be less than before: its disk may be a new one.
    pub(super) fn greeted(&mut self, node: NodeId, have: Bits) {
        let place = self.place(node).unwrap_or_else(|place| {
            let have = Bits::none(self.holders.len() as u32);
            self.all.insert(place, Neighbour { node, have, busy: false, gave: 0, unanswered: 0 });
            place
        });
        self.all[place].unanswered = 0;
        let before = core::mem::replace(&mut self.all[place].have, have);
        let have = &self.all[place].have;
        have.without(&before).for_each(|chunk| self.holders[chunk as usize] += 1);
        before.without(have).for_each(|chunk| self.holders[chunk as usize] -= 1);
    }

    /// One has got a chunk, and may take another.
    pub(super) fn got(&mut self, node: NodeId, chunk: u32) {
        let Ok(place) = self.place(node) else { return };
        (self.all[place].busy, self.all[place].unanswered) = (false, 0);
        if self.all[place].have.add(chunk) {
            self.holders[chunk as usize] += 1;
        }
    }

    pub(super) fn forget(&mut self, node: NodeId) {
        if let Ok(place) = self.place(node) {
            self.all.remove(place).have.iter().for_each(|chunk| self.holders[chunk as usize] -= 1);
        }
    }
}
