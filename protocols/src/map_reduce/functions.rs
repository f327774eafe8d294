//! The functions that users write, and what they come to when one machine runs them alone.

use super::jobs::Job;
use sim_core::prelude::*;

/// A key, and a value that belongs to it.
pub type Pair = (String, u64);

/// What a job does with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// How often each letter occurs.
    LetterCount,
    /// How often each word occurs.
    WordCount,
    /// In which chunks each word occurs.
    InvertedIndex,
    /// The lines in which this word occurs, by its number in [`crate::text::Text::word`].
    Grep(u32),
    /// All lines in order, the output as large as the input.
    Sort,
}

impl Function {
    /// What the map function makes of a chunk.
    pub fn map(self, chunk: u32, text: &str) -> Vec<Pair> {
        let words = || text.split_whitespace();
        match self {
            Function::LetterCount => text
                .chars()
                .filter(|letter| letter.is_alphabetic())
                .map(|letter| (letter.to_string(), 1))
                .collect(),
            Function::WordCount => words().map(|word| (word.into(), 1)).collect(),
            Function::InvertedIndex => words().map(|word| (word.into(), u64::from(chunk))).collect(),
            Function::Grep(number) => {
                let wanted = crate::text::Text::word(number);
                let found = text.lines().filter(|line| line.split_whitespace().any(|word| word == wanted));
                found.map(|line| (line.into(), u64::from(chunk))).collect()
            }
            Function::Sort => (0..)
                .zip(text.lines())
                .map(|(place, line)| (line.into(), u64::from(chunk) << 32 | place))
                .collect(),
        }
    }

    /// What a combiner leaves of the pairs of one map task, sorted: what the reduce function makes of it is the same.
    pub fn combine(self, mut pairs: Vec<Pair>) -> Vec<Pair> {
        pairs.sort_unstable();
        match self {
            Function::LetterCount | Function::WordCount => {
                let mut sums: Vec<Pair> = Vec::new();
                for (key, value) in pairs {
                    match sums.last_mut().filter(|(last, _)| *last == key) {
                        Some((_, sum)) => *sum += value,
                        None => sums.push((key, value)),
                    }
                }
                sums
            }
            Function::InvertedIndex => {
                pairs.dedup();
                pairs
            }
            Function::Grep(_) | Function::Sort => pairs,
        }
    }

    /// What the reduce function makes of a key with its values, which are sorted: lines of the output.
    pub fn reduce(self, key: &str, values: &[u64]) -> String {
        match self {
            Function::LetterCount | Function::WordCount => format!("{key} {}\n", values.iter().sum::<u64>()),
            Function::InvertedIndex => {
                let mut chunks = values.to_vec();
                chunks.dedup();
                let chunks: Vec<String> = chunks.iter().map(ToString::to_string).collect();
                format!("{key} {}\n", chunks.join(","))
            }
            Function::Grep(_) => values.iter().map(|chunk| format!("{chunk}: {key}\n")).collect(),
            Function::Sort => format!("{key}\n").repeat(values.len()),
        }
    }

    /// To which of so many reduce tasks a key belongs. Sorting wants ranges, so that the outputs, one after the other, are
    /// sorted; all else is spread by a hash.
    pub fn part(self, key: &str, parts: u32) -> u32 {
        let parts = u64::from(parts);
        let part = if self == Function::Sort {
            let place = |byte: Option<&u8>| u64::from(byte.copied().unwrap_or(b'a').clamp(b'a', b'z') - b'a');
            let bytes = key.as_bytes();
            let place = (0..3).fold(0, |sum, at| sum * 26 + place(bytes.get(at)));
            place * parts / (26 * 26 * 26)
        } else {
            // FNV-1a, and its upper half, which depends on all bytes.
            let hash = key.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
            });
            (hash >> 32) % parts
        };
        part as u32
    }
}

/// What a reduce task writes, given all the pairs of its part.
pub fn reduced(function: Function, mut pairs: Vec<Pair>) -> String {
    pairs.sort_unstable();
    let mut output = String::new();
    for group in pairs.chunk_by(|(one, _), (other, _)| one == other) {
        let values: Vec<u64> = group.iter().map(|(_, value)| *value).collect();
        output.push_str(&function.reduce(&group[0].0, &values));
    }
    output
}

/// What one machine alone makes of a job: the outputs of its parts, one after the other.
pub fn sequential(job: &Job) -> String {
    let mut parts = vec![Vec::new(); job.reduces as usize];
    for chunk in 0..job.text.chunks {
        for pair in job.function.map(chunk, &job.text.chunk(chunk)) {
            parts[job.function.part(&pair.0, job.reduces) as usize].push(pair);
        }
    }
    parts.into_iter().map(|pairs| reduced(job.function, pairs)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;

    fn job(function: Function, text: Text, reduces: u32) -> Job {
        Job { function, text, reduces }
    }

    /// M6: the example of every introduction, with and without a combiner.
    #[test]
    fn letters_are_counted() {
        let counted = sequential(&job(Function::LetterCount, Text::LETTERS, 1));
        assert_eq!(counted, "A 5\nB 4\nC 1\n");
        let mapped = |chunk| Function::LetterCount.map(chunk, &Text::LETTERS.chunk(chunk));
        assert_eq!((0..4).map(|chunk| mapped(chunk).len()).sum::<usize>(), 10);
        assert_eq!((0..4).map(|chunk| Function::LetterCount.combine(mapped(chunk)).len()).sum::<usize>(), 6);
    }

    #[test]
    fn a_combiner_changes_nothing() {
        let text = Text { number: 5, chunks: 6, words: 40 };
        for function in [
            Function::LetterCount,
            Function::WordCount,
            Function::InvertedIndex,
            Function::Grep(1),
            Function::Sort,
        ] {
            let all = |combine: bool| {
                let mapped = (0..text.chunks).flat_map(|chunk| {
                    let pairs = function.map(chunk, &text.chunk(chunk));
                    if combine { function.combine(pairs) } else { pairs }
                });
                reduced(function, mapped.collect())
            };
            assert_eq!(all(true), all(false), "{function:?}");
            assert_eq!(all(false), sequential(&job(function, text, 1)));
            assert!(!all(true).is_empty());
        }
    }

    #[test]
    fn sorted_parts_are_sorted_one_after_the_other() {
        let text = Text { number: 1, chunks: 4, words: 60 };
        let sorted = sequential(&job(Function::Sort, text, 7));
        assert_eq!(sorted, sequential(&job(Function::Sort, text, 1)));
        assert_eq!(sorted.lines().count(), 48);
        assert!(sorted.lines().is_sorted());
    }

    #[test]
    fn a_grep_finds_the_lines_and_an_index_the_chunks() {
        let text = Text { number: 2, chunks: 3, words: 30 };
        let found = sequential(&job(Function::Grep(0), text, 2));
        let lines = (0..3).flat_map(|chunk| text.chunk(chunk).lines().map(String::from).collect::<Vec<_>>());
        assert_eq!(
            found.lines().count(),
            lines.filter(|line| line.split(' ').any(|word| word == "the")).count()
        );
        let index = sequential(&job(Function::InvertedIndex, text, 3));
        let the = index.lines().find(|line| line.starts_with("the ")).unwrap();
        let wanted = (0..3).filter(|chunk| text.chunk(*chunk).split_whitespace().any(|word| word == "the"));
        assert_eq!(
            the,
            format!("the {}", wanted.map(|chunk| chunk.to_string()).collect::<Vec<_>>().join(","))
        );
    }
}
