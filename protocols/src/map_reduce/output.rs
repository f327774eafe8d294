//! What a map task leaves on its worker, and gives to reducers: pairs, for each reduce task.

use super::{
    Attempt, Config, Flaw, MapReduce,
    Msg::*,
    Parcel,
    functions::{Function, Pair},
    worker::Worker,
};
use crate::dfs::Content;
use sim_core::prelude::*;

/// What a map task left.
#[derive(Clone, Debug, Hash)]
pub(super) struct Output {
    /// By reduce task, in order; those that get no pairs are not here.
    shares: Vec<(u32, Share)>,
    /// Which numbers of reduce tasks may be among them, modulo 64: most reducers ask in vain, and are many.
    some: u64,
}

/// What one reduce task gets of it.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Share {
    pub(super) pairs: Vec<Pair>,
    /// So many bytes they stand for.
    pub(super) bytes: u64,
}

impl Output {
    /// What the user's function makes of a chunk.
    pub(super) fn new(attempt: &Attempt, content: &Content, config: &Config) -> Output {
        let Attempt { task, job, .. } = attempt;
        let scale = (content.bytes, content.text.len().max(1) as u64);
        let all = job.function.map(task.index, &content.text);
        let mut before: BTreeMap<String, usize> = BTreeMap::new();
        for (key, _) in all.iter().filter(|_| config.combine) {
            *before.entry(key.clone()).or_default() += 1;
        }
        let pairs = match config.flaw {
            _ if !config.combine => all,
            Some(Flaw::PairsCounted) => counted(job.function, all),
            Some(_) | None => job.function.combine(all),
        };
        let mut shares: BTreeMap<u32, Share> = BTreeMap::new();
        for group in pairs.chunk_by(|(one, _), (other, _)| one == other) {
            let key = &group[0].0;
            let share = shares.entry(job.function.part(key, job.reduces)).or_default();
            let bytes = group.iter().map(raw).sum();
            // A key of which a combiner has taken pairs together is all over the chunk, and has one pair however long the chunk is.
            let combined = before.get(key).is_some_and(|before| group.len() < *before);
            share.bytes += if combined { bytes } else { scaled(bytes, scale) };
            share.pairs.extend_from_slice(group);
        }
        let some = shares.keys().fold(0, |some, part| some | 1 << (part % 64));
        Output { shares: shares.into_iter().collect(), some }
    }

    /// What a reduce task gets, if it gets something.
    pub(super) fn share(&self, part: u32) -> Option<&Share> {
        if self.some >> (part % 64) & 1 == 0 {
            return None;
        }
        let place = self.shares.binary_search_by_key(&part, |(part, _)| *part).ok()?;
        Some(&self.shares[place].1)
    }
}

impl Worker {
    /// A reducer wants what was mapped here.
    pub(super) fn serve(
        &mut self,
        to: NodeId,
        run: u64,
        (job, part): (u64, u32),
        maps: Vec<u32>,
        asked: Time,
        ctx: &mut Ctx<MapReduce>,
    ) {
        let (pairs, lacking) = (Vec::new(), Vec::new());
        let mut parcel = Parcel { run, of: maps, pairs, bytes: 0, lacking, asked };
        parcel.of.retain(|map| {
            let Some(output) = self.outputs.get(&(job, *map)) else {
                parcel.lacking.push(*map);
                return false;
            };
            if let Some(share) = output.share(part) {
                parcel.bytes += share.bytes;
                parcel.pairs.push((*map, share.pairs.clone()));
            }
            true
        });
        ctx.send(to, Pairs(parcel));
    }
}

/// The mistake: a combiner that forgets what its pairs count.
fn counted(function: Function, pairs: Vec<Pair>) -> Vec<Pair> {
    let combined = function.combine(pairs);
    combined.into_iter().map(|(key, _)| (key, 1)).collect()
}

/// The size of a pair: its key, and something to end it with.
pub(super) fn raw((key, _): &Pair) -> u64 {
    key.len() as u64 + 1
}

/// So many bytes stand for so many more, at this ratio.
pub(super) fn scaled(raw: u64, (of, per): (u64, u64)) -> u64 {
    u64::try_from(u128::from(raw) * u128::from(of) / u128::from(per)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Job, Phase, Task},
        *,
    };
    use crate::text::Text;

    /// Two dozen letters are two dozen pairs, however long a text is; without a combiner they are more than the text. What is
    /// there once, such as the lines that are sorted, stays as large as it is.
    #[test]
    fn a_combiner_leaves_little_of_what_repeats_and_all_of_what_does_not() {
        let text = Text { number: 0, chunks: 1, words: 500 };
        let content = Content { text: text.chunk(0), bytes: 64_000_000 };
        let bytes = |function, combine| {
            let job = Job { function, text, reduces: 1 };
            let task = Task { job: 1, phase: Phase::Map, index: 0 };
            let attempt = Attempt { number: 1, task, job, shown: 1, why: Why::First, local: true };
            let output = Output::new(&attempt, &content, &Config { combine, ..Config::default() });
            output.share(0).map_or(0, |share| share.bytes)
        };
        assert_eq!(bytes(Function::LetterCount, true), 2 * 26);
        assert!(bytes(Function::LetterCount, false) > 64_000_000);
        let sorted = [true, false].map(|combine| bytes(Function::Sort, combine));
        assert!(sorted[0] == sorted[1] && sorted[0].abs_diff(64_000_000) < 1_000_000, "{sorted:?}");
    }
}
