use super::Queue;

/// Bits of a digit of time.
const BITS: u32 = 8;
/// Slots of a rung: the values of a digit.
const SLOTS: usize = 1 << BITS;
/// Rungs: the digits of a time.
const RUNGS: usize = 64 / BITS as usize;
/// Words of the bitmap of a rung.
const WORDS: usize = SLOTS / 64;
/// Entries of a chunk.
const CHUNK: usize = 32;
/// No chunk.
const NONE: u32 = u32::MAX;

/// A radix ladder in chunks.
///
/// A rung for every digit of time, a slot for every value of the digit. An event goes to the rung of the highest digit in
/// which it differs from `now`, so lower rungs hold what comes sooner. A slot is a chain of chunks, and events join it at
/// the tail. `bottom` is what comes next, sorted. When it is empty, the first slot of the lowest rung takes its place: as
/// it is if it is one chunk, else spread over the rungs below, in order. So equal times stay in the order of their
/// pushes, and no entry needs a number for that.
#[derive(Debug)]
pub struct Ladder<E> {
    chunks: Vec<Chunk<E>>,
    /// The first of the chunks that nobody uses.
    free: u32,
    heads: Box<[u32; RUNGS * SLOTS]>,
    tails: Box<[u32; RUNGS * SLOTS]>,
    /// A bit for every slot that is not empty.
    occupied: [u64; RUNGS * WORDS],
    /// A bit for every rung that is not empty.
    rungs: u64,
    /// What comes next, in order, from `first` on.
    bottom: Vec<Entry<E>>,
    first: usize,
    /// Whatever comes before this goes to `bottom`.
    bottom_end: u64,
    /// Not after any pending event. The digits are compared with it.
    now: u64,
    /// The time of the last `pop`.
    last: u64,
    len: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry<E> {
    time: u64,
    event: E,
}

#[derive(Clone, Copy, Debug)]
struct Chunk<E> {
    entries: [Entry<E>; CHUNK],
    len: u32,
    next: u32,
}

impl<E: Copy + Default> Ladder<E> {
    #[inline(always)]
    fn allocate(&mut self) -> u32 {
        if self.free == NONE {
            self.chunks.push(Chunk { entries: [Entry::default(); CHUNK], len: 0, next: NONE });
            return self.chunks.len() as u32 - 1;
        }
        let found = self.free;
        let chunk = &mut self.chunks[found as usize];
        self.free = chunk.next;
        chunk.next = NONE;
        chunk.len = 0;
        found
    }

    /// Frees a chunk, and says which one followed it.
    #[inline(always)]
    fn release(&mut self, index: u32) -> u32 {
        let chunk = &mut self.chunks[index as usize];
        let next = chunk.next;
        chunk.next = self.free;
        self.free = index;
        next
    }

    /// Puts an entry into the slot where it belongs.
    #[inline(always)]
    fn place(&mut self, entry: Entry<E>) {
        let differs = (entry.time ^ self.now) | 1;
        let rung = (differs.ilog2() / BITS) as usize;
        let digit = (entry.time >> (BITS * rung as u32)) as usize % SLOTS;
        let slot = rung * SLOTS + digit;
        let word = &mut self.occupied[slot / 64];
        let bit = 1 << (slot % 64);
        let mut tail;
        if *word & bit == 0 {
            *word |= bit;
            self.rungs |= 1 << rung;
            tail = self.allocate();
            self.heads[slot] = tail;
            self.tails[slot] = tail;
        } else {
            tail = self.tails[slot];
            if self.chunks[tail as usize].len as usize == CHUNK {
                let fresh = self.allocate();
                self.chunks[tail as usize].next = fresh;
                self.tails[slot] = fresh;
                tail = fresh;
            }
        }
        let chunk = &mut self.chunks[tail as usize];
        // The remainder says nothing new but to the compiler, which then leaves out the check.
        chunk.entries[chunk.len as usize % CHUNK] = entry;
        chunk.len += 1;
    }

    /// Takes the earliest slot off its rung: the first of its chunks, and its rung.
    fn take_slot(&mut self) -> (u32, usize) {
        let rung = self.rungs.trailing_zeros() as usize;
        let words = &mut self.occupied[rung * WORDS..][..WORDS];
        let index = words.iter().position(|&word| word != 0).expect("the rung is not empty");
        let digit = index * 64 + words[index].trailing_zeros() as usize;
        words[index] &= words[index] - 1;
        if words[index..].iter().all(|&word| word == 0) {
            self.rungs &= !(1 << rung);
        }
        (self.heads[rung * SLOTS + digit], rung)
    }

    /// Fills the empty `bottom`.
    #[cold]
    #[inline(never)]
    fn refill(&mut self) {
        self.bottom.clear();
        self.first = 0;
        loop {
            let (head, rung) = self.take_slot();
            let shift = BITS * rung as u32;
            let chunk = &self.chunks[head as usize];
            let start = chunk.entries[0].time >> shift << shift;
            let single = chunk.next == NONE;
            self.now = start;
            if rung == 0 || single {
                self.serve(head);
                if rung > 0 {
                    sort(&mut self.bottom);
                }
                let all = self.bottom.len() == self.len;
                self.bottom_end = if all { u64::MAX } else { start.saturating_add(1 << shift) };
                return;
            }
            self.spread(head);
        }
    }

    /// Moves a chain to `bottom`.
    fn serve(&mut self, mut index: u32) {
        while index != NONE {
            let chunk = &self.chunks[index as usize];
            self.bottom.extend_from_slice(&chunk.entries[..chunk.len as usize]);
            index = self.release(index);
        }
    }

    /// Moves a chain to lower rungs.
    fn spread(&mut self, mut index: u32) {
        while index != NONE {
            let len = self.chunks[index as usize].len as usize;
            for at in 0..len {
                // Looked up anew each time: placing an entry may move the chunks.
                let entry = self.chunks[index as usize].entries[at];
                self.place(entry);
            }
            index = self.release(index);
        }
    }

    /// Moves `bottom` back to the rungs, for it has grown too long to insert into.
    #[cold]
    #[inline(never)]
    fn dump(&mut self) {
        if self.bottom_end == u64::MAX {
            self.now = self.last;
        }
        self.bottom_end = self.now;
        let mut entries = std::mem::take(&mut self.bottom);
        for &entry in &entries[self.first..] {
            self.place(entry);
        }
        entries.clear();
        self.bottom = entries;
        self.first = 0;
    }
}

impl<E: Copy + Default> Queue<E> for Ladder<E> {
    fn new() -> Self {
        let slots = || Box::new([NONE; RUNGS * SLOTS]);
        Ladder {
            chunks: Vec::new(),
            free: NONE,
            heads: slots(),
            tails: slots(),
            occupied: [0; RUNGS * WORDS],
            rungs: 0,
            bottom: Vec::with_capacity(4 * CHUNK + 1),
            first: 0,
            bottom_end: u64::MAX,
            now: 0,
            last: 0,
            len: 0,
        }
    }

    #[inline]
    fn push(&mut self, time: u64, event: E) {
        let entry = Entry { time, event };
        self.len += 1;
        if time >= self.bottom_end {
            return self.place(entry);
        }
        let len = self.bottom.len();
        if len - self.first > 2 * CHUNK && self.bottom[self.first].time != self.bottom[len - 1].time {
            self.dump();
            return self.place(entry);
        }
        if len == self.bottom.capacity() && self.first > 0 {
            self.bottom.copy_within(self.first.., 0);
            self.bottom.truncate(len - self.first);
            self.first = 0;
        }
        self.bottom.push(entry);
        insert_last(&mut self.bottom[self.first..], entry);
    }

    #[inline]
    fn pop(&mut self) -> Option<(u64, E)> {
        if self.first == self.bottom.len() {
            if self.len == 0 {
                return None;
            }
            self.refill();
        }
        let entry = *self.bottom.get(self.first)?;
        self.len -= 1;
        self.first += 1;
        self.last = entry.time;
        Some((entry.time, entry.event))
    }

    #[inline]
    fn next(&self) -> Option<&E> {
        self.bottom.get(self.first).map(|entry| &entry.event)
    }
}

/// Insertion sort, which leaves equal times in order.
fn sort<E: Copy>(entries: &mut [Entry<E>]) {
    for len in 2..=entries.len() {
        let last = entries[len - 1];
        insert_last(&mut entries[..len], last);
    }
}

/// Moves `last`, the last of these, to its place among the others, which are sorted: after its equals. It is handed over
/// besides, for the processor waits long to read what was just written.
#[inline(always)]
fn insert_last<E: Copy>(entries: &mut [Entry<E>], last: Entry<E>) {
    let mut at = entries.len() - 1;
    while at > 0 && entries[at - 1].time > last.time {
        entries[at] = entries[at - 1];
        at -= 1;
    }
    entries[at] = last;
}
