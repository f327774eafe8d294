//! What MapReduce promises: the output of a job is what one machine alone would have made of it.

use super::functions::{Function, sequential};
use crate::{
    text::{Text, Texts},
    workload::{Shares, Workload},
};
use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// The specification. Jobs change nothing that others read, so each has one output, at any time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Jobs {}

/// A job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Job {
    /// What it does.
    pub function: Function,
    /// With which text of the file system: a map task for each chunk.
    pub text: Text,
    /// So many reduce tasks, each of which writes one file.
    pub reduces: u32,
}

impl Spec for Jobs {
    type Op = Job;
    /// The files of the output, one after the other, as the file system has them.
    type Ret = String;
    type State = ();

    fn apply((): &mut (), job: &Job) -> String {
        sequential(job)
    }
    fn key(job: &Job) -> u64 {
        u64::from(job.text.number)
    }
    fn is_read(_: &Job) -> bool {
        false
    }
    fn kind(job: &Job) -> &'static str {
        match job.function {
            Function::LetterCount => "letter-count",
            Function::WordCount => "word-count",
            Function::InvertedIndex => "inverted-index",
            Function::Grep(_) => "grep",
            Function::Sort => "sort",
        }
    }
}

impl Message for Job {
    fn bytes(&self) -> u64 {
        24
    }
}

/// Shares of the kinds of job, and what the texts are like. The key of an operation is the number of its text.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mix {
    /// How often each letter occurs.
    pub letter_count: f64,
    /// How often each word occurs.
    pub word_count: f64,
    /// In which chunks each word occurs.
    pub inverted_index: f64,
    /// The lines in which some word occurs.
    pub grep: f64,
    /// All lines in order.
    pub sort: f64,
    /// So many chunks the texts have, as the file system was told.
    pub chunks: u32,
    /// So many words are in a chunk, as the file system was told.
    pub words: u32,
    /// So many reduce tasks a job has.
    pub reduces: u32,
}

impl Default for Mix {
    fn default() -> Mix {
        Mix {
            letter_count: 0.0,
            word_count: 1.0,
            inverted_index: 0.0,
            grep: 0.0,
            sort: 0.0,
            chunks: 20,
            words: 20,
            reduces: 4,
        }
    }
}

impl Mix {
    fn shares(&self) -> Shares<5> {
        Shares([
            ("letter_count", self.letter_count),
            ("word_count", self.word_count),
            ("inverted_index", self.inverted_index),
            ("grep", self.grep),
            ("sort", self.sort),
        ])
    }
}

impl Workload for Jobs {
    type Mix = Mix;
    type Memory = ();
    const MIX: &'static str =
        "letter_count, word_count, inverted_index, grep and sort: a share each; chunks, words; reduces";

    fn check(mix: &Mix) -> Result<(), String> {
        mix.shares().check("job")?;
        Text::check(mix.chunks, mix.words).map_err(|(key, why)| format!("`{key}`: {why}"))?;
        match mix.reduces {
            1..=100_000 => Ok(()),
            reduces => Err(format!("`reduces`: {reduces} tasks; 1 to 100000 would do")),
        }
    }
    fn draw(mix: &Mix, key: u64, _: u64, (): &(), rng: &mut Rng) -> Job {
        let function = match mix.shares().draw(rng) {
            "letter_count" => Function::LetterCount,
            "inverted_index" => Function::InvertedIndex,
            // A rare word, as in the paper's measurements (§5.2).
            "grep" => Function::Grep(30 + rng.below(10) as u32),
            "sort" => Function::Sort,
            _ => Function::WordCount,
        };
        let text = Text { number: key as u32, chunks: mix.chunks, words: mix.words };
        Job { function, text, reduces: mix.reduces }
    }
    fn learn((): &mut (), _: &Job, _: &String) {}
    fn texts(mix: &Mix, keys: u64) -> Option<Texts> {
        Some(Texts { count: keys, chunks: mix.chunks, words: mix.words })
    }
}
