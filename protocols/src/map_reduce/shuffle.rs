//! How a reduce task gets its pairs: from every worker that has mapped something, a few at a time.

use super::{
    Config, Flaw, MapReduce, Mapped,
    Msg::*,
    Parcel,
    Timer::*,
    functions::Pair,
    master,
    worker::{State, Worker},
};
use sim_core::prelude::*;

/// What a reduce task has, and what it lacks.
#[derive(Clone, Debug, Hash)]
pub(super) struct Shuffle {
    /// By map task: whether its pairs are here.
    got: Bits,
    left: u32,
    /// By map task: whether it is known where its pairs are; so many are not known; and where they are of those that were mapped more
    /// than once.
    told: Bits,
    untold: u32,
    moved: BTreeMap<u32, NodeId>,
    /// So much it knows of the master's list of what is mapped.
    known: u32,
    /// What is to be fetched, by worker; and what is being fetched.
    to_fetch: BTreeMap<NodeId, Vec<u32>>,
    fetching: BTreeMap<NodeId, (Vec<u32>, Alarm)>,
    pairs: Vec<Pair>,
    bytes: u64,
}

/// A set of numbers: there are thousands of shuffles of thousands of map tasks.
#[derive(Clone, Debug, Hash)]
struct Bits(Vec<u64>);

impl Bits {
    fn none(count: u32) -> Bits {
        Bits(vec![0; count.div_ceil(64) as usize])
    }
    fn has(&self, number: u32) -> bool {
        self.0[number as usize / 64] >> (number % 64) & 1 == 1
    }
    /// Whether it is new.
    fn add(&mut self, number: u32) -> bool {
        let new = !self.has(number);
        self.0[number as usize / 64] |= 1 << (number % 64);
        new
    }
}

impl Shuffle {
    pub(super) fn new(maps: u32) -> Shuffle {
        Shuffle {
            got: Bits::none(maps),
            left: maps,
            told: Bits::none(maps),
            untold: maps,
            moved: BTreeMap::new(),
            known: 0,
            to_fetch: BTreeMap::new(),
            fetching: BTreeMap::new(),
            pairs: Vec::new(),
            bytes: 0,
        }
    }

    pub(super) fn known(&self) -> u32 {
        self.known
    }

    /// What was fetched, and its size; nothing more is waited for.
    pub(super) fn take(&mut self, ctx: &mut Ctx<MapReduce>) -> (Vec<Pair>, u64) {
        for (_, alarm) in core::mem::take(&mut self.fetching).into_values() {
            ctx.stop(alarm);
        }
        (core::mem::take(&mut self.pairs), self.bytes)
    }

    /// The master's list goes on, from this place.
    fn learn(&mut self, from: u32, mapped: &[Mapped], config: &Config) {
        // What would leave a gap is asked for with the next beat.
        let Some(new) = self.known.checked_sub(from).and_then(|known| mapped.get(known as usize..)) else {
            return;
        };
        for (map, at) in new {
            if !self.got.has(*map) || config.flaw == Some(Flaw::FetchedTwice) {
                if self.told.add(*map) {
                    self.untold -= 1;
                } else {
                    self.moved.insert(*map, *at);
                }
                self.to_fetch.entry(*at).or_default().push(*map);
            }
        }
        self.known += new.len() as u32;
    }

    /// Asks as many workers as it may for what they have.
    fn fetch(&mut self, run: u64, (job, part): (u64, u32), config: &Config, ctx: &mut Ctx<MapReduce>) {
        while self.fetching.len() < config.fetches as usize {
            // Everybody begins somewhere else, so that not all ask the same worker first.
            let idle = |(from, _): &(&NodeId, &Vec<u32>)| !self.fetching.contains_key(from);
            let next = self.to_fetch.range(ctx.me..).find(idle).or_else(|| self.to_fetch.iter().find(idle));
            let Some(from) = next.map(|(from, _)| *from) else { return };
            let mut maps = self.to_fetch.remove(&from).unwrap_or_default();
            let wanted = |map: &u32| !self.got.has(*map) || config.flaw == Some(Flaw::FetchedTwice);
            let here = |map: &u32| self.moved.get(map).is_none_or(|at| *at == from);
            maps.retain(|map| wanted(map) && here(map));
            // What was mapped twice on the same worker is told twice.
            maps.sort_unstable();
            maps.dedup();
            if maps.is_empty() {
                continue;
            }
            let alarm = ctx.after(config.retry, Unfetched(run, from));
            ctx.send(from, Fetch(run, job, part, maps.clone()));
            self.fetching.insert(from, (maps, alarm));
        }
    }

    /// What a worker was asked for, which is waited for no longer.
    fn asked(&mut self, from: NodeId, ctx: &mut Ctx<MapReduce>) -> Vec<u32> {
        let Some((maps, alarm)) = self.fetching.remove(&from) else { return Vec::new() };
        ctx.stop(alarm);
        maps
    }
}

impl Worker {
    /// The master says what is mapped.
    pub(super) fn news(
        &mut self,
        job: u64,
        from: u32,
        mapped: &[Mapped],
        config: &Config,
        ctx: &mut Ctx<MapReduce>,
    ) {
        let mut early = Vec::new();
        for (number, run) in &mut self.runs {
            let task = run.attempt.task;
            let State::Fetching(shuffle) = &mut run.state else { continue };
            if task.job == job {
                shuffle.learn(from, mapped, config);
                shuffle.fetch(*number, (job, task.index), config, ctx);
                if config.flaw == Some(Flaw::EarlyReduce) && shuffle.untold == 0 {
                    early.push(*number);
                }
            }
        }
        early.into_iter().for_each(|number| self.reduce(number, config, ctx));
    }

    /// Pairs have come.
    pub(super) fn fetched(
        &mut self,
        from: NodeId,
        parcel: Parcel,
        config: &Config,
        ctx: &mut Ctx<MapReduce>,
    ) {
        let Parcel { run: number, of, pairs, bytes, lacking } = parcel;
        let Some(run) = self.runs.get_mut(&number) else { return };
        let task = run.attempt.task;
        let State::Fetching(shuffle) = &mut run.state else { return };
        // A late answer to an earlier question may have less than was asked for last.
        let mut open = shuffle.asked(from, ctx);
        if open != of {
            open.retain(|map| !of.contains(map) && !lacking.contains(map));
        } else {
            open.clear();
        }
        if !open.is_empty() {
            shuffle.to_fetch.entry(from).or_default().extend(open);
        }
        for (map, pairs) in pairs {
            // They may have come before, from a worker that had mapped them too.
            if !shuffle.got.has(map) || config.flaw == Some(Flaw::FetchedTwice) {
                shuffle.pairs.extend(pairs);
            }
        }
        let skipped = lacking.iter().filter(|_| config.flaw == Some(Flaw::MissingSkipped));
        for map in of.iter().chain(skipped) {
            if shuffle.got.add(*map) {
                shuffle.left -= 1;
            }
        }
        shuffle.bytes += bytes;
        self.shuffled += bytes;
        ctx.task_takes(number, bytes, ctx.machine(from) == ctx.machine(ctx.me));
        if !lacking.is_empty() {
            ctx.send(master(ctx), Missing(task.job, lacking, from));
        }
        if shuffle.left == 0 {
            self.reduce(number, config, ctx);
        } else {
            shuffle.fetch(number, (task.job, task.index), config, ctx);
        }
    }

    /// A worker has not answered: it is asked again, after the others.
    pub(super) fn unfetched(&mut self, number: u64, from: NodeId, config: &Config, ctx: &mut Ctx<MapReduce>) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        let task = run.attempt.task;
        let State::Fetching(shuffle) = &mut run.state else { return };
        let asked = shuffle.asked(from, ctx);
        shuffle.fetch(number, (task.job, task.index), config, ctx);
        shuffle.to_fetch.entry(from).or_default().extend(asked);
        shuffle.fetch(number, (task.job, task.index), config, ctx);
    }
}
