//! What a node has of the file: chunks on its disk, and an index of them in memory.

use sim_core::{prelude::*, size::Bytes};

/// A set of chunks, a bit for each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bits {
    words: Vec<u64>,
    count: u32,
}

impl Bits {
    /// None of so many.
    pub fn none(chunks: u32) -> Bits {
        Bits { words: vec![0; chunks.div_ceil(64) as usize], count: 0 }
    }
    /// All of so many.
    pub fn all(chunks: u32) -> Bits {
        let mut all = Bits::none(chunks);
        for chunk in 0..chunks {
            all.add(chunk);
        }
        all
    }
    /// Whether it is there.
    pub fn has(&self, chunk: u32) -> bool {
        self.words.get(chunk as usize / 64).is_some_and(|word| word >> (chunk % 64) & 1 == 1)
    }
    /// Adds it; whether it was not there. One that is beyond the file is not added.
    pub fn add(&mut self, chunk: u32) -> bool {
        let Some(word) = self.words.get_mut(chunk as usize / 64) else { return false };
        let new = *word >> (chunk % 64) & 1 == 0;
        *word |= 1 << (chunk % 64);
        self.count += u32::from(new);
        new
    }
    /// How many there are.
    pub fn count(&self) -> u32 {
        self.count
    }
    /// Word by word, those of `self` that `other` has not.
    fn lacking<'a>(&'a self, other: &'a Bits) -> impl Iterator<Item = u64> + 'a {
        self.words.iter().zip(&other.words).map(|(mine, theirs)| mine & !theirs)
    }
    /// Whether there is one that `other` has not.
    pub fn more_than(&self, other: &Bits) -> bool {
        self.lacking(other).any(|word| word != 0)
    }
    /// Those that `other` has not, in order.
    pub fn without<'a>(&'a self, other: &'a Bits) -> impl Iterator<Item = u32> + 'a {
        self.lacking(other).enumerate().flat_map(|(index, mut word)| {
            core::iter::from_fn(move || {
                let bit = word.trailing_zeros();
                (word != 0).then(|| {
                    word &= word - 1;
                    index as u32 * 64 + bit
                })
            })
        })
    }
    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.words.len() as u32 * 64).filter(|&chunk| self.has(chunk))
    }
}

impl Message for Bits {
    fn bytes(&self) -> u64 {
        8 * self.words.len() as u64
    }
}

/// A chunk, with what is in it: of its bytes it matters here only whether they are the right ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chunk {
    /// Which one.
    pub index: u32,
    /// Its content, in place of its bytes.
    pub content: u64,
}

impl Chunk {
    /// The chunk of the file with this number. Everybody knows what the contents hash to, as from the file that describes a
    /// torrent; here the hash is the content itself.
    pub fn right(index: u32) -> Chunk {
        // The finaliser of SplitMix64: contents that do not resemble one another.
        let mut x = u64::from(index).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Chunk { index, content: x ^ (x >> 31) }
    }
    /// Whether its content hashes to what it should.
    pub fn intact(&self) -> bool {
        *self == Chunk::right(self.index)
    }
    /// The same with a bit turned over: what a sender with bad memory sends.
    pub fn damaged(self) -> Chunk {
        Chunk { content: self.content ^ 1, ..self }
    }
}

/// Size of the description that travels with a chunk: its number and its hash.
pub const HEADER: u64 = 40;

/// The disk: chunks in the order in which they came.
pub type Shelf = Log<Chunk>;

/// What a node has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Store {
    chunks: u32,
    have: Bits,
    /// Chunks that were counted: all that it takes for a node to think that it has the file.
    counted: u32,
    /// The one that was kept last.
    last: Option<Chunk>,
    /// Those that are not what they should be.
    wrong: BTreeMap<u32, u64>,
    waiting: Vec<(Ticket, u32)>,
}

impl Store {
    /// What a booting node finds on its disk; a source has the file, wherever it has it from.
    pub fn boot(chunks: u32, source: bool, shelf: &Shelf) -> Store {
        let have = if source { Bits::all(chunks) } else { Bits::none(chunks) };
        let counted = have.count();
        let mut store =
            Store { chunks, have, counted, last: None, wrong: BTreeMap::new(), waiting: Vec::new() };
        for chunk in shelf.iter() {
            store.index(*chunk);
        }
        store.counted = store.have.count();
        store
    }

    fn index(&mut self, chunk: Chunk) -> bool {
        let new = self.have.add(chunk.index);
        if new {
            self.last = Some(chunk);
            if !chunk.intact() {
                self.wrong.insert(chunk.index, chunk.content);
            }
        }
        new
    }

    /// Keeps a chunk that has come whole, on disk too; whether it is a new one. It is durable after the next sync.
    pub fn keep(&mut self, chunk: Chunk, shelf: &mut Shelf) -> bool {
        let new = chunk.index < self.chunks && self.index(chunk);
        if new {
            self.counted += 1;
            shelf.push(chunk);
        }
        new
    }

    /// Counts one that it has already: a mistake.
    pub fn count_again(&mut self) {
        self.counted += 1;
    }

    /// How many there are in the file.
    pub fn chunks(&self) -> u32 {
        self.chunks
    }
    /// What it has.
    pub fn have(&self) -> &Bits {
        &self.have
    }
    /// Whether it has it.
    pub fn has(&self, chunk: u32) -> bool {
        self.have.has(chunk)
    }
    /// Whether it thinks that it has the file.
    pub fn complete(&self) -> bool {
        self.counted >= self.chunks
    }
    /// Whether it does have every chunk.
    pub fn whole(&self) -> bool {
        self.have.count() == self.chunks
    }
    /// The one that was kept last.
    pub fn last(&self) -> Option<Chunk> {
        self.last
    }
    /// The chunk, to be sent.
    pub fn read(&self, index: u32) -> Chunk {
        let content = self.wrong.get(&index).copied();
        content.map_or(Chunk::right(index), |content| Chunk { index, content })
    }

    /// A client wants a chunk, now or as soon as it is here.
    pub fn ask<P>(&mut self, ticket: Ticket, chunk: u32, ctx: &mut Ctx<'_, P>)
    where
        P: Protocol<Serves = super::library::Library>,
    {
        match self.has(chunk) {
            true => ctx.answer(ticket, Answer::Ok(self.read(chunk).content)),
            // There is no such chunk, and never will be.
            false if chunk >= self.chunks => ctx.answer(ticket, Answer::Refused),
            false => self.waiting.push((ticket, chunk)),
        }
    }

    /// Answers the clients that waited for this chunk.
    pub fn serve<P>(&mut self, chunk: u32, ctx: &mut Ctx<'_, P>)
    where
        P: Protocol<Serves = super::library::Library>,
    {
        let content = self.read(chunk).content;
        for (ticket, _) in self.waiting.extract_if(.., |(_, wanted)| *wanted == chunk) {
            ctx.answer(ticket, Answer::Ok(content));
        }
    }
}

/// How large a chunk is on its way.
pub fn size(chunk: Bytes) -> u64 {
    chunk.0 + HEADER
}
