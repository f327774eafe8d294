//! The file that outlives a hunt: JSON lines, each written whole and at once. A hunt that is killed loses no failure that
//! it has found, and the next one goes on where it was. A line that was torn when the machine died is dropped.

use super::{CHUNK, Coverage, Failure, Tally};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Seek, SeekFrom, Write},
    path::Path,
};

/// What a hunt is of: results are added only to those of the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The file as it was named.
    pub file: String,
    /// A hash of the scenario's text.
    pub scenario: String,
    /// The version of the simulator.
    pub version: String,
    /// Which part of the seeds, from 1, of how many; both 0 where parts were merged.
    pub shard: (u64, u64),
}

/// A line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Line {
    Hunt(Header),
    Failed {
        seed: u64,
        failure: Failure,
    },
    /// A chunk of seeds, all of them tried; or the sums of several chunks, in the first of them.
    Done {
        chunk: u64,
        tried: u64,
        events: u64,
        vacuous: u64,
        undecided: u64,
        coverage: Coverage,
    },
}

/// Results, in a file or only here.
#[derive(Debug, Default)]
pub struct Results {
    file: Option<File>,
    /// The chunks that were tried to their ends.
    done: BTreeSet<u64>,
    tally: Tally,
}

impl Results {
    /// Opens the results of a hunt, which goes on if they are of the same scenario and version, or begins.
    ///
    /// # Errors
    /// When the file is of another hunt, holds what no hunt wrote, or cannot be read or written.
    pub fn open(path: &Path, header: &Header) -> Result<Results, String> {
        let shown = path.display();
        let failed = |error: std::io::Error| format!("cannot use {shown}: {error}");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        let mut results = Results::default();
        let (found, whole) = results.take(&mut file, &shown.to_string())?;
        match found {
            Some(found) if found != *header => {
                return Err(format!(
                    "{shown} holds results of {}, scenario {}, version {}, shard {}/{}, which is another hunt: remove \
                     it, or choose another folder with `--out DIR`",
                    found.file, found.scenario, found.version, found.shard.0, found.shard.1
                ));
            }
            Some(_) | None => {}
        }
        // What was torn goes; the next line begins where a line begins.
        file.set_len(whole).and_then(|()| file.seek(SeekFrom::Start(whole))).map_err(failed)?;
        results.file = Some(file);
        if found.is_none() {
            results.write(&Line::Hunt(header.clone()))?;
        }
        Ok(results)
    }

    /// Joins the results of shards of one hunt.
    ///
    /// # Errors
    /// When they are not of the same hunt, or tried a seed twice.
    pub fn merge(parts: &[&Path]) -> Result<(Header, Results), String> {
        let mut merged: Option<(Header, Results)> = None;
        for path in parts {
            let shown = path.display().to_string();
            let mut file = File::open(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
            let mut part = Results::default();
            let (header, _) = part.take(&mut file, &shown)?;
            let header = header.ok_or_else(|| format!("{shown} is empty: no hunt began there"))?;
            let header = Header { shard: (0, 0), ..header };
            match &mut merged {
                None => merged = Some((header, part)),
                Some((first, all)) => {
                    if *first != header {
                        return Err(format!("{shown} is of another hunt than {}", parts[0].display()));
                    }
                    if let Some(chunk) = part.done.iter().find(|chunk| all.done.contains(chunk)) {
                        let from = chunk * CHUNK;
                        return Err(format!("{shown}: the seeds from {from} on are counted already"));
                    }
                    all.done.append(&mut part.done);
                    all.tally.join(part.tally);
                }
            }
        }
        merged.ok_or_else(|| "there is nothing to merge".to_string())
    }

    /// Writes all of it anew.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, header: &Header, to: &mut dyn Write) -> std::io::Result<()> {
        to.write_all(&line(&Line::Hunt(header.clone())))?;
        for (&seed, failure) in &self.tally.failures {
            to.write_all(&line(&Line::Failed { seed, failure: failure.clone() }))?;
        }
        // One line for the sums; the others say only which seeds they are made of.
        let mut sums = self.tally.clone();
        for &chunk in &self.done {
            to.write_all(&line(&done(chunk, &sums)))?;
            sums = Tally::default();
        }
        Ok(())
    }

    /// What all seeds so far came to.
    pub fn tally(&self) -> Tally {
        self.tally.clone()
    }

    pub(super) fn chunks_done(&self) -> BTreeSet<u64> {
        self.done.clone()
    }

    /// A seed failed.
    pub(super) fn failed(&mut self, seed: u64, failure: &Failure) -> Result<(), String> {
        self.write(&Line::Failed { seed, failure: failure.clone() })
    }

    /// All seeds of a chunk were tried to their ends.
    pub(super) fn done(&mut self, chunk: u64, tally: &Tally) -> Result<(), String> {
        self.write(&done(chunk, tally))?;
        self.done.insert(chunk);
        Ok(())
    }

    fn write(&mut self, what: &Line) -> Result<(), String> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(&line(what)).map_err(|error| format!("cannot write results: {error}"))
    }

    /// Reads what is there: the header, and how many bytes are whole lines.
    fn take(&mut self, file: &mut File, shown: &str) -> Result<(Option<Header>, u64), String> {
        let (mut header, mut whole, mut number) = (None, 0, 0);
        let mut reader = BufReader::new(file);
        let mut failures = BTreeMap::new();
        let mut text = Vec::new();
        loop {
            text.clear();
            let read = std::io::Read::take(&mut reader, LINE_MAX).read_until(b'\n', &mut text);
            let length = read.map_err(|error| format!("cannot read {shown}: {error}"))?;
            if length == 0 || text.last() != Some(&b'\n') && (length as u64) < LINE_MAX {
                break;
            }
            number += 1;
            let line = serde_json::from_slice(&text)
                .map_err(|error| format!("{shown}:{number}: no line of a hunt's results: {error}"))?;
            match line {
                Line::Hunt(found) if number == 1 => header = Some(found),
                _ if header.is_none() => {
                    return Err(format!("{shown}:{number}: the first line names no hunt"));
                }
                Line::Hunt(_) => return Err(format!("{shown}:{number}: a second hunt begins here")),
                Line::Failed { seed, failure } => drop(failures.insert(seed, failure)),
                Line::Done { chunk, tried, events, vacuous, undecided, coverage } => {
                    self.done.insert(chunk);
                    let failures = BTreeMap::new();
                    self.tally.join(Tally { seeds: tried, events, vacuous, undecided, coverage, failures });
                }
            }
            whole += length as u64;
        }
        self.tally.failures = failures;
        Ok((header, whole))
    }
}

/// No line that a hunt writes is as long.
const LINE_MAX: u64 = 1 << 24;

fn done(chunk: u64, tally: &Tally) -> Line {
    let Tally { seeds: tried, events, vacuous, undecided, ref coverage, .. } = *tally;
    Line::Done { chunk, tried, events, vacuous, undecided, coverage: coverage.clone() }
}

fn line(what: &Line) -> Vec<u8> {
    let mut line = serde_json::to_vec(what).expect("lines are plain data");
    line.push(b'\n');
    line
}
