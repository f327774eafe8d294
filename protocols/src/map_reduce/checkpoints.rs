//! A master that fails (§3.3): it writes down what is done, and goes on from there when it is back.

use super::{Config, Job, MapReduce, Timer::*, master::Master};
use sim_core::prelude::*;

/// What the master writes down.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// A job came, and the number by which people know it.
    Came(u64, Job, u32),
    /// A map task of it is done, and its output is there.
    Mapped(u64, u32, NodeId),
    /// A reduce task of it is done.
    Reduced(u64, u32, String),
    /// It is over.
    Over(u64),
}

impl Master {
    /// What a booting master finds on its disk.
    pub(super) fn read_disk(&mut self, ctx: &mut Ctx<MapReduce>) {
        self.counts.jobs = ctx.disk.snapshot().state;
        for record in ctx.disk.iter().cloned() {
            match record {
                Record::Came(number, job, shown) => {
                    self.counts.jobs = shown - 1;
                    self.add(number, job);
                }
                Record::Mapped(number, map, at) => self.mapped(number, map, at),
                Record::Reduced(number, part, file) => self.reduced(number, part, file),
                Record::Over(number) => self.jobs.retain(|(other, _)| *other != number),
            }
        }
    }

    /// Writes down what a master that comes back must know.
    pub(super) fn write(&mut self, record: Record, config: &Config, ctx: &mut Ctx<MapReduce>) {
        match config.checkpoint {
            None => {}
            Some(Span::ZERO) => {
                ctx.disk.push(record);
                ctx.sync();
            }
            Some(_) => ctx.disk.push(record),
        }
    }

    pub(super) fn checkpoint(&mut self, config: &Config, ctx: &mut Ctx<MapReduce>) {
        ctx.sync();
        if let Some(every) = config.checkpoint {
            ctx.set(Checkpoint, every);
        }
    }
}
