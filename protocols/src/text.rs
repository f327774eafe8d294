//! Texts that are the same whoever makes them up: what a file says follows from its name, so that a job can be checked against
//! a sequential run by somebody who was never sent the file.

use sim_core::{
    prelude::*,
    rng::{Keys, Purpose},
};

/// A file of text in chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text {
    /// Which one: texts of different numbers are different, if they have words.
    pub number: u32,
    /// So many chunks.
    pub chunks: u32,
    /// So many words in each. Of none there is one text: [`Text::LETTERS`].
    pub words: u32,
}

/// What the chunks of [`Text::LETTERS`] say.
const LETTERS: [&str; 4] = ["AA", "AB", "AAC", "BBB"];

/// Words, of which the first are the most common.
const WORDS: [&str; 40] = [
    "the", "of", "and", "to", "in", "a", "is", "that", "for", "it", "as", "was", "with", "be", "by", "on",
    "not", "he", "his", "but", "at", "are", "this", "have", "from", "or", "had", "an", "they", "which",
    "one", "you", "were", "all", "her", "she", "there", "would", "their", "quorum",
];

/// A line has so many words, of which the first is a key that hardly any other line has, as in the records that sorting is
/// measured with.
const LINE: u32 = 5;

/// Texts that a file system has, or that somebody expects to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Texts {
    /// So many, numbered from 0.
    pub count: u64,
    /// So many chunks in each.
    pub chunks: u32,
    /// So many words in each chunk.
    pub words: u32,
}

impl Text {
    /// The four chunks of letters with which MapReduce is often explained: AA, AB, AAC, BBB.
    pub const LETTERS: Text = Text { number: 0, chunks: 4, words: 0 };

    /// The most words of all texts together: each is kept, with all its copies.
    pub(crate) const WORDS_MAX: u64 = 10_000_000;

    /// What a chunk says: lines of words.
    pub fn chunk(self, index: u32) -> String {
        if self.words == 0 {
            return LETTERS[index as usize % LETTERS.len()].into();
        }
        let seed = u64::from(self.number) << 32 | u64::from(index);
        let mut rng = Keys::new(seed).stream(Purpose::Layout, 0, 0);
        let mut text = String::new();
        for word in 0..self.words {
            let gap = if word % LINE == 0 { "\n" } else { " " };
            text.push_str(if word == 0 { "" } else { gap });
            if word % LINE == 0 {
                text.extend((0..6).map(|_| char::from(b'a' + rng.below(26) as u8)));
                continue;
            }
            // The smaller of two draws: the first words are the most common, and the last are rare.
            let rank = [0; 2].map(|_| rng.below(WORDS.len() as u64)).into_iter().fold(u64::MAX, u64::min);
            text.push_str(WORDS[rank as usize]);
        }
        text
    }

    /// The word of this number, from 0, the most common one; counted around.
    pub fn word(number: u32) -> &'static str {
        WORDS[number as usize % WORDS.len()]
    }

    /// Refuses texts that make no sense: which key, and why.
    pub(crate) fn check(chunks: u32, words: u32) -> Result<(), (&'static str, String)> {
        let all = u64::from(chunks) * u64::from(words);
        if all > Text::WORDS_MAX {
            let most = Text::WORDS_MAX;
            return Err((
                "words",
                format!("{all} words in all are more than are kept; up to {most} would do"),
            ));
        }
        match (chunks, words) {
            (4, 0) | (1..=100_000, 1..=10_000) => Ok(()),
            (_, 0) => Err((
                "words",
                "a text of no words is the one of four chunks of letters; `chunks: 4` would do".into(),
            )),
            (1..=100_000, _) => Err(("words", format!("{words} words in a chunk; 1 to 10000 would do"))),
            _ => Err(("chunks", format!("{chunks} chunks are no text; 1 to 100000 would do"))),
        }
    }
}

impl Message for Text {
    fn bytes(&self) -> u64 {
        12
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_a_bound() {
        for (chunks, words) in [(4, 0), (15_000, 15), (100_000, 100), (1, 10_000)] {
            assert_eq!(Text::check(chunks, words), Ok(()));
        }
        for (chunks, words, key) in [
            (5, 0, "words"),
            (0, 5, "chunks"),
            (1, 10_001, "words"),
            (100_000, 101, "words"),
            (u32::MAX, u32::MAX, "words"),
        ] {
            assert_eq!(Text::check(chunks, words).map_err(|(key, _)| key), Err(key));
        }
    }

    #[test]
    fn a_text_is_the_same_whoever_makes_it_up_and_another_number_is_another_text() {
        let text = Text { number: 3, chunks: 2, words: 12 };
        assert_eq!(text.chunk(1), text.chunk(1));
        assert_ne!(text.chunk(1), text.chunk(0));
        assert_ne!(text.chunk(1), Text { number: 4, ..text }.chunk(1));
        assert_eq!(text.chunk(0).split_whitespace().count(), 12);
        assert_eq!(text.chunk(0).lines().count(), 3);
        assert_eq!((0..4).map(|chunk| Text::LETTERS.chunk(chunk)).collect::<Vec<_>>(), LETTERS);
    }
}
