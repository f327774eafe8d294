//! How a reduce task goes on: it hears what is mapped, fetches that, and reduces when all pairs are here.

use super::{
    Config, Flaw, MapReduce,
    Msg::*,
    News, Parcel,
    Timer::*,
    master,
    output::raw,
    slices::Slices,
    worker::{State, Worker},
};
use sim_core::prelude::*;

/// So often a worker may be silent before its output counts as lost.
const SILENCES: u32 = 3;

impl Worker {
    /// The master says what is mapped.
    pub(super) fn learn(&mut self, job: u64, news: &News, config: &Config, ctx: &mut Ctx<MapReduce>) {
        self.list = news.list;
        let mut early = Vec::new();
        for (number, run) in &mut self.runs {
            let task = run.attempt.task;
            let State::Fetching(shuffle) = &mut run.state else { continue };
            if task.job == job {
                shuffle.learn(news, config);
                shuffle.fetch(*number, (job, task.index), &self.fetching, config, ctx);
                if config.flaw == Some(Flaw::EarlyReduce) && shuffle.told.count() == shuffle.maps {
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
        let Parcel { run: number, of, pairs, bytes, mut lacking, asked } = parcel;
        self.fetching.sample(ctx.now().since(asked));
        let Some(run) = self.runs.get_mut(&number) else { return };
        let task = run.attempt.task;
        let State::Fetching(shuffle) = &mut run.state else { return };
        // A late answer to an earlier question may have less than was asked for last.
        let mut open = shuffle.asked(from);
        if open != of {
            open.retain(|map| !of.contains(map) && !lacking.contains(map));
        } else {
            open.clear();
        }
        if !open.is_empty() {
            shuffle.to_fetch.entry(from).or_default().extend(open);
        }
        shuffle.silences.remove(&from);
        lacking.retain(|map| shuffle.wants(*map, from, config));
        if of.iter().any(|map| !shuffle.got.has(*map)) {
            shuffle.bytes += bytes;
        }
        for (map, pairs) in pairs {
            // They may have come before, from a worker that had mapped them too.
            if !shuffle.got.has(map) || config.flaw == Some(Flaw::FetchedTwice) {
                shuffle.pairs.extend(pairs);
            }
        }
        let skipped = lacking.iter().filter(|_| config.flaw == Some(Flaw::MissingSkipped));
        for map in of.iter().chain(skipped) {
            shuffle.got.add(*map);
        }
        self.shuffled += bytes;
        ctx.task_takes(number, bytes, ctx.machine(from) == ctx.machine(ctx.me));
        if !lacking.is_empty() {
            shuffle.missing.entry(from).or_default().extend(&lacking);
            ctx.send(master(ctx), Missing(task.job, lacking, from));
        }
        if shuffle.got.count() == shuffle.maps {
            self.reduce(number, config, ctx);
        } else {
            shuffle.fetch(number, (task.job, task.index), &self.fetching, config, ctx);
        }
    }

    /// Some worker may not have answered: it is asked again, after the others. When that goes on, somebody else had better map what
    /// it has: the master may hear of it, and the reducer not.
    pub(super) fn unfetched(&mut self, number: u64, config: &Config, ctx: &mut Ctx<MapReduce>) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        let task = run.attempt.task;
        let State::Fetching(shuffle) = &mut run.state else { return };
        let silent = shuffle.silent(number, ctx);
        for (from, _) in &silent {
            *shuffle.silences.entry(*from).or_default() += 1;
        }
        shuffle.fetch(number, (task.job, task.index), &self.fetching, config, ctx);
        for (from, asked) in silent {
            if shuffle.silences.get(&from).is_some_and(|silences| silences % SILENCES == 0) {
                ctx.send(master(ctx), Missing(task.job, asked.clone(), from));
            }
            shuffle.to_fetch.entry(from).or_default().extend(asked);
        }
        shuffle.fetch(number, (task.job, task.index), &self.fetching, config, ctx);
    }

    /// All pairs are here.
    pub(super) fn reduce(&mut self, number: u64, config: &Config, ctx: &mut Ctx<MapReduce>) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        let State::Fetching(shuffle) = &mut run.state else { return };
        let (pairs, bytes) = shuffle.take(ctx);
        let raw = pairs.iter().map(raw).sum::<u64>();
        let slices = Slices::of(&config.reduce, bytes, config, ctx);
        run.state = State::Reducing(pairs, (bytes, raw.max(1)), slices);
        ctx.compute(slices.each, Computed(number));
    }
}
