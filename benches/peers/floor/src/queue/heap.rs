use super::Queue;
use std::{cmp::Reverse, collections::BinaryHeap};

/// What everybody writes first. The number of the push keeps equal times in order.
#[derive(Debug)]
pub struct Heap<E> {
    heap: BinaryHeap<Reverse<(u64, u64, E)>>,
    pushed: u64,
}

impl<E: Ord> Queue<E> for Heap<E> {
    fn new() -> Self {
        Heap { heap: BinaryHeap::new(), pushed: 0 }
    }
    #[inline]
    fn push(&mut self, time: u64, event: E) {
        self.heap.push(Reverse((time, self.pushed, event)));
        self.pushed += 1;
    }
    #[inline]
    fn pop(&mut self) -> Option<(u64, E)> {
        self.heap.pop().map(|Reverse((time, _, event))| (time, event))
    }
}
