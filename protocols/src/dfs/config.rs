//! What a scenario may say of the file system.

use super::files::CHUNK_MAX;
use crate::text::Text;
use serde::{Deserialize, Serialize};
use sim_core::{prelude::*, size::Bytes};

/// What is in it, and how it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// So many copies of each chunk, in different zones as far as there are some. Nothing is written while fewer servers are
    /// there.
    pub replicas: u32,
    /// So many texts are there from the beginning, numbered from 0.
    pub texts: u32,
    /// So many chunks each of them has.
    pub chunks: u32,
    /// So many words are in each chunk. None: the texts are the four chunks of letters AA, AB, AAC, BBB.
    pub words: u32,
    /// How large each of these chunks is: its words stand for so many bytes.
    pub chunk: Bytes,
    /// How large the chunks of each text are, in turn; empty if all are as large as `chunk` says.
    pub sizes: Vec<Bytes>,
    /// How often a server tells the master that it is there.
    pub beat: Span,
    /// After so long without a word a server counts as dead, and its chunks are copied from the others.
    pub patience: Span,
    /// What brought no answer for so long is tried again, elsewhere if there is an elsewhere. It is longer where chunks take
    /// longer (by a second for each megabyte, as long as nobody knows), and twice as long after each try.
    pub retry: Span,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            replicas: 3,
            texts: 1,
            chunks: 20,
            words: 20,
            chunk: Bytes(64_000_000),
            sizes: Vec::new(),
            beat: 500.ms(),
            patience: 3.s(),
            retry: 10.s(),
            flaw: None,
        }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        Text::check(self.chunks, self.words)?;
        if self.texts > 1_000 || u64::from(self.texts) * u64::from(self.chunks) > 1_000_000 {
            let found = format!("{} texts of {} chunks are more than are kept", self.texts, self.chunks);
            return Err(("texts", format!("{found}; up to 1000, of 1000000 chunks in all, would do")));
        }
        let words = u64::from(self.texts) * u64::from(self.chunks) * u64::from(self.words);
        if words > Text::WORDS_MAX {
            let most = Text::WORDS_MAX;
            return Err((
                "words",
                format!("{words} words of all texts are more than are kept; up to {most} would do"),
            ));
        }
        if self.replicas == 0 {
            return Err(("replicas", "a chunk without a copy is lost; 3 would do".into()));
        }
        for (key, size) in self.sizes.iter().map(|size| ("sizes", size)).chain([("chunk", &self.chunk)]) {
            if !(1..=CHUNK_MAX).contains(&size.0) {
                return Err((key, format!("{size} are no chunk; `64MB` would do")));
            }
        }
        check_beats(self.beat, self.patience, self.retry)
    }

    /// Refuses what so many nodes cannot do: which key, and why.
    pub fn check_for(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        if nodes <= self.replicas {
            let found = format!("{nodes} nodes are a master and {} servers", nodes.saturating_sub(1));
            return Err((
                "replicas",
                format!(
                    "{found}, too few for {} copies; {} nodes would do",
                    self.replicas,
                    self.replicas + 1
                ),
            ));
        }
        Ok(())
    }

    /// How large a chunk is that is there from the beginning.
    pub(super) fn size(&self, chunk: u32) -> u64 {
        let turn = (chunk as usize).checked_rem(self.sizes.len());
        turn.map_or(self.chunk, |turn| self.sizes[turn]).0
    }

    /// The texts that are there from the beginning.
    pub(super) fn texts(&self) -> impl Iterator<Item = Text> + use<> {
        let (chunks, words) = (self.chunks, self.words);
        (0..self.texts).map(move |number| Text { number, chunks, words })
    }
}

/// Refuses spans by which nobody can tell who is there: which key, and why.
pub(crate) fn check_beats(beat: Span, patience: Span, retry: Span) -> Result<(), (&'static str, String)> {
    const SHORTEST: Span = Span(100_000);
    for (key, span) in [("beat", beat), ("retry", retry)] {
        if span < SHORTEST {
            return Err((
                key,
                format!("every {span} there would be little but that; `{SHORTEST}` or more would do"),
            ));
        }
    }
    if patience <= beat {
        let found = format!("who is silent for {patience} may only be between two beats");
        return Err(("patience", format!("{found}; `{}` would do", beat * 4)));
    }
    Ok(())
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// The last to write a chunk wins, whoever was told that another stands.
    LastWins,
    /// A writer is told that its chunk stands when the copies are there, before the master knows.
    EarlyAnswer,
    /// A server says that it has a copy before it is on its disk.
    UnsyncedCopy,
    /// Copies that are lost are not replaced.
    NoRepair,
    /// The master answers before what it decided is on its disk.
    UnsyncedMaster,
    /// A server that has some copy of a chunk serves it, whether or not it is the one that stands.
    AnyCopy,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 6] = [
        Flaw::LastWins,
        Flaw::EarlyAnswer,
        Flaw::UnsyncedCopy,
        Flaw::NoRepair,
        Flaw::UnsyncedMaster,
        Flaw::AnyCopy,
    ];
}
