//! What is under way at a node whose processor or disk changes its pace, or which is frozen for a while.

use crate::{
    kernel::{Event, Kernel, What},
    node::{Aside, Ills, Waiting},
    protocol::{NodeId, Protocol},
    time::{Span, Time},
};

impl<P: Protocol> Aside<P> {
    /// The faults that slow the node down are others than before: what is under way goes on at the new pace.
    pub(super) fn change_pace(
        &mut self,
        (node, life): (NodeId, u32),
        before: &Ills,
        now: &Ills,
        kernel: &mut Kernel,
    ) {
        let (cpu, disk) = (Change::of(&before.cpu, &now.cpu), Change::of(&before.disk, &now.disk));
        if let Some(cpu) = cpu {
            // The work of a frozen process has stood still since then.
            let since = self.paused.unwrap_or(kernel.now);
            let moved = self.move_work((node, life), since, |left| cpu.stretch(left), kernel);
            cpu.count(moved, kernel);
        }
        if let Some(disk) = disk
            && self.synced != Time::MAX
        {
            self.synced = kernel.now + disk.stretch(self.synced.since(kernel.now));
            kernel.post(self.synced, Event { node: node.0, slot: 0, round: life, what: What::Synced });
            disk.count(1, kernel);
        }
    }

    /// A frozen process goes on where it stood.
    pub(super) fn thaw(&mut self, node: NodeId, life: u32, kernel: &mut Kernel) {
        if let Some(since) = self.paused.take() {
            let frozen = kernel.now.since(since);
            let moved = self.move_work((node, life), since, |left| left + frozen, kernel);
            if let Some(fault) = self.hurt {
                kernel.books.effects[fault].delayed += moved;
            }
        }
    }

    /// What the processor had to do after `since` takes as long from there as `moved` makes of it. How much of that there
    /// is.
    fn move_work(
        &mut self,
        (node, life): (NodeId, u32),
        since: Time,
        moved: impl Fn(Span) -> Span,
        kernel: &mut Kernel,
    ) -> u64 {
        let mut count = 0;
        // What is frozen is due when it thaws, and not before.
        let frozen = self.paused.is_some();
        let mut later = |at: &mut Time, slot: usize, what| {
            *at = since + moved(at.since(since));
            if !frozen {
                kernel.post(*at, Event { node: node.0, slot: slot as u32, round: life, what });
            }
            count += 1;
        };
        for waiting in &mut self.waiting {
            if let Waiting::Work(until) = waiting
                && *until > since
            {
                later(until, 0, What::Worked);
                self.busy = *until;
            }
        }
        let cores = self.service.iter_mut().flat_map(|service| service.cores.iter_mut().enumerate());
        cores.for_each(|(core, job)| {
            if let Some(job) = job {
                later(&mut job.done, core, What::Served);
            }
        });
        count
    }
}

/// How much slower something becomes, because of which faults.
struct Change<'a> {
    before: &'a [(usize, f64)],
    now: &'a [(usize, f64)],
}

impl<'a> Change<'a> {
    fn of(before: &'a [(usize, f64)], now: &'a [(usize, f64)]) -> Option<Change<'a>> {
        (before != now).then_some(Change { before, now })
    }

    fn stretch(&self, left: Span) -> Span {
        let factor = |of: &[(usize, f64)]| of.iter().map(|&(_, factor)| factor).product::<f64>().min(1e18);
        Span((left.0 as f64 * (factor(self.now) / factor(self.before))) as u64).min(Ills::LONGEST)
    }

    /// The faults that are new have delayed so many.
    fn count(&self, moved: u64, kernel: &mut Kernel) {
        for new in self.now.iter().filter(|new| !self.before.contains(new)) {
            kernel.books.effects[new.0].delayed += moved;
        }
    }
}
