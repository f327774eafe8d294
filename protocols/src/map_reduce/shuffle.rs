//! What a reduce task has and what it lacks, while it gets its pairs from every worker that has mapped something, a few at a time.

use super::{Config, Flaw, MapReduce, Msg::*, News, Timer::*, functions::Pair};
use crate::{chunks::store::Bits, retry::Retry};
use sim_core::prelude::*;

/// What a reduce task has, and what it lacks.
#[derive(Clone, Debug, Hash)]
pub(super) struct Shuffle {
    pub(super) maps: u32,
    /// The map tasks whose pairs are here.
    pub(super) got: Bits,
    /// Those of which it is known where their pairs are; and where they are of those that were mapped more than once.
    pub(super) told: Bits,
    moved: BTreeMap<u32, NodeId>,
    /// So much it knows of which master's list of what is mapped.
    list: u64,
    known: u32,
    /// What is to be fetched, by worker; and what is being fetched.
    pub(super) to_fetch: BTreeMap<NodeId, Vec<u32>>,
    fetching: BTreeMap<NodeId, Asked>,
    /// When it looks for whom it has waited too long: one alarm for all, since most of them answer.
    alarm: Option<(Time, Alarm)>,
    /// How often workers did not answer, since they last did.
    pub(super) silences: BTreeMap<NodeId, u32>,
    /// What was not where it should be, by worker: the master is told until it says where else it is.
    pub(super) missing: BTreeMap<NodeId, BTreeSet<u32>>,
    pub(super) pairs: Vec<Pair>,
    pub(super) bytes: u64,
}

/// What a worker was asked for, and until when it may take to answer.
#[derive(Clone, Debug, Hash)]
struct Asked {
    maps: Vec<u32>,
    until: Time,
}

impl Shuffle {
    pub(super) fn new(maps: u32) -> Shuffle {
        Shuffle {
            maps,
            got: Bits::none(maps),
            told: Bits::none(maps),
            moved: BTreeMap::new(),
            list: 0,
            known: 0,
            to_fetch: BTreeMap::new(),
            fetching: BTreeMap::new(),
            alarm: None,
            silences: BTreeMap::new(),
            missing: BTreeMap::new(),
            pairs: Vec::new(),
            bytes: 0,
        }
    }

    /// How much it knows of a list.
    pub(super) fn known(&self, list: u64) -> u32 {
        if self.list == list { self.known } else { 0 }
    }

    /// What was fetched, and its size; nothing more is waited for.
    pub(super) fn take(&mut self, ctx: &mut Ctx<MapReduce>) -> (Vec<Pair>, u64) {
        self.fetching.clear();
        if let Some((_, alarm)) = self.alarm.take() {
            ctx.stop(alarm);
        }
        (core::mem::take(&mut self.pairs), self.bytes)
    }

    /// The list of a master goes on.
    pub(super) fn learn(&mut self, news: &News, config: &Config) {
        (self.known, self.list) = (self.known(news.list), news.list);
        // What would leave a gap is asked for with the next beat.
        let new = self.known.checked_sub(news.from).and_then(|known| news.mapped.get(known as usize..));
        let Some(new) = new else { return };
        for (map, at) in new {
            if !self.got.has(*map) || config.flaw == Some(Flaw::FetchedTwice) {
                if !self.told.add(*map) {
                    self.moved.insert(*map, *at);
                    self.missing.values_mut().for_each(|maps| _ = maps.remove(map));
                }
                self.to_fetch.entry(*at).or_default().push(*map);
            }
        }
        self.known += new.len() as u32;
    }

    /// Whether it lacks the pairs of a map task, and they are there, as far as is known.
    pub(super) fn wants(&self, map: u32, from: NodeId, config: &Config) -> bool {
        let lacks = !self.got.has(map) || config.flaw == Some(Flaw::FetchedTwice);
        lacks && self.moved.get(&map).is_none_or(|at| *at == from)
    }

    /// Asks as many workers as it may for what they have.
    pub(super) fn fetch(
        &mut self,
        run: u64,
        (job, part): (u64, u32),
        retry: &Retry,
        config: &Config,
        ctx: &mut Ctx<MapReduce>,
    ) {
        while self.fetching.len() < config.fetches as usize {
            // Everybody begins somewhere else, so that not all ask the same worker first.
            let idle = |(from, _): &(&NodeId, &Vec<u32>)| !self.fetching.contains_key(from);
            let next = self.to_fetch.range(ctx.me..).find(idle).or_else(|| self.to_fetch.iter().find(idle));
            let Some(from) = next.map(|(from, _)| *from) else { return };
            let mut maps = self.to_fetch.remove(&from).unwrap_or_default();
            maps.retain(|map| self.wants(*map, from, config));
            // What was mapped twice on the same worker is told twice.
            maps.sort_unstable();
            maps.dedup();
            if maps.is_empty() {
                continue;
            }
            let wait = retry.after(0, self.silences.get(&from).copied().unwrap_or(0));
            let now = ctx.now();
            ctx.send(from, Fetch(run, job, part, maps.clone(), now));
            let until = now + wait;
            self.fetching.insert(from, Asked { maps, until });
            if self.alarm.is_none_or(|(rings, _)| until < rings) {
                let later = self.alarm.replace((until, ctx.after(wait, Unfetched(run))));
                later.into_iter().for_each(|(_, alarm)| ctx.stop(alarm));
            }
        }
    }

    /// Who has not answered for too long, and was asked for what. The others are looked at again when the next of them has.
    pub(super) fn silent(&mut self, run: u64, ctx: &mut Ctx<MapReduce>) -> Vec<(NodeId, Vec<u32>)> {
        let (now, mut silent) = (ctx.now(), Vec::new());
        self.fetching.retain(|from, asked| {
            let waits = now < asked.until;
            if !waits {
                silent.push((*from, core::mem::take(&mut asked.maps)));
            }
            waits
        });
        let next = self.fetching.values().map(|asked| asked.until).min();
        self.alarm = next.map(|next| (next, ctx.after(next.since(now), Unfetched(run))));
        silent
    }

    /// What the master is to be told again.
    pub(super) fn missing(&self) -> impl Iterator<Item = (NodeId, Vec<u32>)> {
        let some = self.missing.iter().filter(|(_, maps)| !maps.is_empty());
        some.map(|(at, maps)| (*at, maps.iter().copied().collect()))
    }

    /// What a worker was asked for, which is waited for no longer.
    pub(super) fn asked(&mut self, from: NodeId) -> Vec<u32> {
        self.fetching.remove(&from).map_or(Vec::new(), |asked| asked.maps)
    }
}
