//! Calls with a timeout, as a bare loop: once with the timer that is moved, once with the timers that are crossed out.

use crate::queue::Queue;
use harness::{DELAY_NANOS, Done, Draw, TIMEOUT_NANOS, Task};
use std::collections::HashSet;

/// An event of [`moved`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    to: u32,
    what: What,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Ask {
        from: u32,
        number: u32,
    },
    Answer {
        number: u32,
    },
    #[default]
    Timeout,
}

/// A node of [`moved`].
#[derive(Clone, Copy, Default)]
struct Caller {
    asked: u32,
    deadline: u64,
}

/// One timer for each node, in the queue all the time: a cancelled one is left there, and one that comes before the
/// deadline goes back to wait for it.
pub fn moved<Q: Queue<Event>>(task: Task) -> Done {
    let mut draw = Draw::new(42);
    let mut queue = Q::new();
    let mut callers = vec![Caller::default(); task.size as usize];
    for me in 0..task.size as u32 {
        ask(&mut callers[me as usize], me, 0, task, &mut draw, &mut queue);
        queue.push(TIMEOUT_NANOS, Event { to: me, what: What::Timeout });
    }
    let mut check = 0u64;
    let mut units = 0;
    while units < task.units {
        let (now, Event { to: me, what }) = queue.pop().expect("the timers are in it");
        let caller = &mut callers[me as usize];
        match what {
            What::Ask { from, number } => {
                units += 1;
                let delay = draw.nanos(DELAY_NANOS.0, DELAY_NANOS.1);
                queue.push(now + delay, Event { to: from, what: What::Answer { number } });
            }
            What::Answer { number } => {
                units += 1;
                if number == caller.asked {
                    ask(caller, me, now, task, &mut draw, &mut queue);
                }
            }
            What::Timeout => {
                if caller.deadline <= now {
                    check += 1;
                    ask(caller, me, now, task, &mut draw, &mut queue);
                }
                queue.push(caller.deadline, Event { to: me, what: What::Timeout });
            }
        }
        check = check.rotate_left(5) ^ now;
    }
    Done { units, check }
}

#[inline(always)]
fn ask<Q: Queue<Event>>(caller: &mut Caller, me: u32, now: u64, task: Task, draw: &mut Draw, queue: &mut Q) {
    caller.asked += 1;
    caller.deadline = now + TIMEOUT_NANOS;
    let delay = draw.nanos(DELAY_NANOS.0, DELAY_NANOS.1);
    let to = draw.below(task.size) as u32;
    queue.push(now + delay, Event { to, what: What::Ask { from: me, number: caller.asked } });
}

/// An event of [`crossed_out`]. Timers have a number, messages have 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Numbered {
    event: Event,
    timer: u64,
}

/// A node of [`crossed_out`].
#[derive(Clone, Copy, Default)]
struct Waiter {
    asked: u32,
    timer: u64,
}

/// A timer for each call. A cancelled one stays in the queue, and its number goes into a set until it comes up: what
/// everybody writes first.
pub fn crossed_out<Q: Queue<Numbered>>(task: Task) -> Done {
    let mut draw = Draw::new(42);
    let mut queue = Q::new();
    let mut waiters = vec![Waiter::default(); task.size as usize];
    let mut cancelled = HashSet::new();
    let mut timers = 0;
    let mut call = |waiter: &mut Waiter, me: u32, now: u64, draw: &mut Draw, queue: &mut Q| {
        waiter.asked += 1;
        timers += 1;
        waiter.timer = timers;
        let delay = draw.nanos(DELAY_NANOS.0, DELAY_NANOS.1);
        let to = draw.below(task.size) as u32;
        let what = What::Ask { from: me, number: waiter.asked };
        queue.push(now + delay, Numbered { event: Event { to, what }, timer: 0 });
        let timeout = Event { to: me, what: What::Timeout };
        queue.push(now + TIMEOUT_NANOS, Numbered { event: timeout, timer: timers });
    };
    for me in 0..task.size as u32 {
        call(&mut waiters[me as usize], me, 0, &mut draw, &mut queue);
    }
    let mut check = 0u64;
    let mut units = 0;
    while units < task.units {
        let (now, Numbered { event: Event { to: me, what }, timer }) =
            queue.pop().expect("the timers are in it");
        if timer != 0 && cancelled.remove(&timer) {
            continue;
        }
        let waiter = &mut waiters[me as usize];
        match what {
            What::Ask { from, number } => {
                units += 1;
                let delay = draw.nanos(DELAY_NANOS.0, DELAY_NANOS.1);
                let event = Event { to: from, what: What::Answer { number } };
                queue.push(now + delay, Numbered { event, timer: 0 });
            }
            What::Answer { number } => {
                units += 1;
                if number == waiter.asked {
                    cancelled.insert(waiter.timer);
                    call(waiter, me, now, &mut draw, &mut queue);
                }
            }
            What::Timeout => {
                check += 1;
                call(waiter, me, now, &mut draw, &mut queue);
            }
        }
        check = check.rotate_left(5) ^ now;
    }
    Done { units, check }
}
