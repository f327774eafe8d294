//! Queues of events: the earliest first, and of equal times the one that came first.

mod heap;
mod ladder;

pub use heap::Heap;
pub use ladder::Ladder;

/// What the loops ask of a queue.
pub trait Queue<E> {
    /// An empty one.
    fn new() -> Self;
    /// Adds an event. The time is not before that of the last `pop`.
    fn push(&mut self, time: u64, event: E);
    /// Takes the earliest.
    fn pop(&mut self) -> Option<(u64, E)>;
    /// What the next `pop` will bring, if that is known at no cost.
    fn next(&self) -> Option<&E> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness::Draw;

    /// Both queues give the same order, through ties, bursts, and far futures.
    #[test]
    fn agree() {
        for (pending, spread) in [(1, 5), (10, 3), (70, 1), (500, 1_000), (5_000, u64::MAX / 1_000_000)] {
            let mut draw = Draw::new(pending);
            let mut ladder = Ladder::new();
            let mut heap = Heap::new();
            let mut now = 0;
            for step in 0..100_000u32 {
                let fill = u64::from(step) < pending || draw.below(4) == 0;
                for _ in 0..if fill { draw.below(4) } else { 1 } {
                    let time = now + draw.below(spread) * draw.below(2);
                    ladder.push(time, step);
                    heap.push(time, step);
                }
                let popped = heap.pop();
                assert_eq!(ladder.pop(), popped);
                now = popped.map_or(now, |(time, _)| time);
            }
        }
    }
}
