//! The results of shards, joined, and what is missing of them.

use super::{CHUNK, Header, Results, Tally, dealt, within};
use std::{collections::BTreeSet, fs::File, ops::Range, path::Path};

/// So many shards that are missing are told of, so many gaps, and so many pieces of a gap for each shard.
const MISSING_MAX: usize = 100;

/// Results of shards, joined.
#[derive(Debug)]
pub struct Merged {
    /// The hunt that they are of.
    pub header: Header,
    /// All of them.
    pub results: Results,
    /// Whether the same build found them, as far as that is known.
    pub alike: bool,
    /// Shards of which there are none, the first hundred.
    pub missing: Vec<(u64, u64)>,
    /// Those of which there are results; empty where that is not known.
    shards: BTreeSet<(u64, u64)>,
}

impl Merged {
    /// Joins the results of shards of one hunt.
    ///
    /// # Errors
    /// When they are not of the same hunt, or tried a seed twice.
    pub fn of(parts: &[&Path]) -> Result<Merged, String> {
        let mut merged: Option<Merged> = None;
        let (mut builds, mut shards) = (BTreeSet::new(), BTreeSet::new());
        for path in parts {
            let shown = path.display().to_string();
            let mut file = File::open(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
            let mut part = Results::default();
            let (header, _) = part.take(&mut file, &shown)?;
            let header = header.ok_or_else(|| format!("{shown} is empty: no hunt began there"))?;
            builds.insert(header.build.clone());
            shards.insert(header.shard);
            let header = Header { shard: (0, 0), build: String::new(), ..header };
            let mut part = widest(part);
            match &mut merged {
                None => {
                    let (missing, shards) = (Vec::new(), BTreeSet::new());
                    merged = Some(Merged { header, results: part, alike: true, missing, shards });
                }
                Some(Merged { header: first, results: all, .. }) => {
                    if !first.is(&header) {
                        let how = header.other_than(first);
                        return Err(format!("{shown} is of another hunt than {}, {how}", parts[0].display()));
                    }
                    if let Some((from, to)) = part.done.keys().find(|seeds| all.tried(seeds).is_some()) {
                        return Err(format!("{shown}: seeds of {from}..{to} are counted already"));
                    }
                    all.done.append(&mut part.done);
                    all.failures.append(&mut part.failures);
                }
            }
        }
        builds.remove("");
        let mut merged = merged.ok_or("there is nothing to merge")?;
        merged.alike = builds.len() < 2;
        // Each part says of how many it is one, if it is one of so many; what was joined before does not.
        if let Some(&(part, parts)) = shards.first()
            && part > 0
            && shards.iter().all(|shard| shard.1 == parts)
        {
            let missing = (1..=parts).map(|part| (part, parts)).filter(|shard| !shards.contains(shard));
            merged.missing = missing.take(MISSING_MAX).collect();
            merged.shards = shards;
        }
        Ok(merged)
    }

    /// Seeds between the first and the last that were not tried, though they were dealt to a shard of which there are
    /// results: the first hundred pieces. (What was dealt to others is [`Merged::missing`].)
    pub fn gaps(&self) -> Vec<Range<u64>> {
        let ends = self.results.done.keys().map(|&(_, end)| end);
        let starts = self.results.done.keys().skip(1).map(|&(start, _)| start);
        let all = ends.zip(starts).filter(|(end, start)| end < start).map(|(end, start)| end..start);
        if self.missing.is_empty() {
            return all.take(MISSING_MAX).collect();
        }
        all.flat_map(|gap| self.theirs(&gap)).take(MISSING_MAX).collect()
    }

    /// The pieces of a gap that were dealt to a shard of which there are results, the first hundred of each. A gap may
    /// have more chunks than there is time to look at.
    fn theirs(&self, gap: &Range<u64>) -> Vec<Range<u64>> {
        let chunks = gap.start / CHUNK..gap.end.div_ceil(CHUNK);
        let theirs = |&(part, parts): &(u64, u64)| dealt(chunks.clone(), (part - 1, parts)).take(MISSING_MAX);
        let known = |chunk: &u64| {
            let owner = self.shards.first().map(|&(_, parts)| (chunk % parts + 1, parts));
            owner.is_some_and(|owner| self.shards.contains(&owner))
        };
        // Whichever is less to go through: there can be many gaps, and many shards.
        let chunks: BTreeSet<u64> = if chunks.end - chunks.start <= self.shards.len() as u64 {
            chunks.clone().filter(known).collect()
        } else {
            self.shards.iter().flat_map(theirs).collect()
        };
        let mut pieces: Vec<Range<u64>> = Vec::new();
        for piece in chunks.into_iter().map(|chunk| within(chunk, gap)) {
            match pieces.last_mut() {
                Some(last) if last.end == piece.start => last.end = piece.end,
                _ => pieces.push(piece),
            }
        }
        pieces
    }
}

/// A hunt of few seeds and one of more may have tried the same: they count once.
fn widest(mut results: Results) -> Results {
    let mut all: Vec<((u64, u64), Tally)> = std::mem::take(&mut results.done).into_iter().collect();
    all.sort_by_key(|((from, to), _)| std::cmp::Reverse(to - from));
    for (seeds, tally) in all {
        if results.tried(&seeds).is_none() {
            results.done.insert(seeds, tally);
        }
    }
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of these chunks, by these shards of so many.
    fn gaps(done: &[u64], shards: &[u64], parts: u64) -> Vec<Range<u64>> {
        let header = Header {
            file: String::new(),
            set: Vec::new(),
            scenario: String::new(),
            version: String::new(),
            build: String::new(),
            events: 0,
            shard: (0, 0),
        };
        let done = done.iter().map(|chunk| ((chunk * CHUNK, (chunk + 1) * CHUNK), Tally::default()));
        let mut results = Results::default();
        results.done.extend(done);
        let shards: BTreeSet<(u64, u64)> = shards.iter().map(|&part| (part, parts)).collect();
        let all = (1..=parts.min(10)).map(|part| (part, parts));
        let missing = all.filter(|shard| !shards.contains(shard)).collect();
        Merged { header, results, alike: true, missing, shards }.gaps()
    }

    #[test]
    fn gaps_are_what_those_left_out_that_are_here() {
        let chunks = |from: u64, to: u64| from * CHUNK..to * CHUNK;
        // All shards are here: a gap is somebody's.
        assert_eq!(gaps(&[0, 1, 4], &[1, 2], 2), [chunks(2, 4)]);
        // Nothing of the second is here, and of the third not all.
        assert_eq!(gaps(&[0, 3, 4, 7], &[1, 4], 4), []);
        assert_eq!(gaps(&[0, 3, 4, 7], &[1, 3, 4], 4), [chunks(2, 3), chunks(6, 7)]);
        assert_eq!(gaps(&[0, 7], &[1, 3, 4], 4), [chunks(2, 5), chunks(6, 7)]);
        // There may be more shards than chunks, and more chunks than can be gone through.
        assert_eq!(gaps(&[0, 3], &[1, 2, 1 << 63, u64::MAX], u64::MAX), [chunks(1, 2)]);
        assert_eq!(gaps(&[0, 1 << 50], &[1, 2], 3).len(), MISSING_MAX);
    }
}
