//! The file that outlives a hunt: JSON lines, each written whole and at once. A hunt that is killed loses no failure that
//! it has found, and the next one goes on where it was. A line that was torn when the machine died is dropped.

use super::{CHUNK, Coverage, Failure, Hunt, SEEDS_MAX, Tally, within};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{File, OpenOptions, TryLockError},
    io::{BufRead, BufReader, ErrorKind, Seek, SeekFrom, Write},
    ops::Range,
    path::{Path, PathBuf},
};

/// What a hunt is of: results are added only to those of the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The file as it was named.
    pub file: String,
    /// What was set in it: `services.db.nodes=3`.
    #[serde(default)]
    pub set: Vec<String>,
    /// A hash of the scenario's text.
    pub scenario: String,
    /// The version of the simulator.
    pub version: String,
    /// Which build of it: protocols change from one to the next. Empty where parts were merged, and in files from before it
    /// was written.
    #[serde(default)]
    pub build: String,
    /// Events that a run may take.
    pub events: u64,
    /// Which part of the seeds, from 1, of how many; both 0 where parts were merged.
    pub shard: (u64, u64),
}

impl Header {
    fn built(self, build: &str) -> Header {
        Header { build: build.into(), ..self }
    }

    /// Whether it is the same hunt. What was set is in the scenario's hash already, whatever its order.
    pub(super) fn is(&self, other: &Header) -> bool {
        Header { set: other.set.clone(), ..self.clone() } == *other
    }

    /// In what it is another hunt than `wanted`.
    pub(super) fn other_than(&self, wanted: &Header) -> String {
        let mut differs = Vec::new();
        if self.file != wanted.file {
            differs.push(format!("of {}", self.file));
        }
        if self.set != wanted.set {
            let set: Vec<String> = self.set.iter().map(|set| format!(" `--set {set}`")).collect();
            differs.push(if set.is_empty() {
                "without `--set`".into()
            } else {
                format!("with{}", set.join(""))
            });
        }
        if differs.is_empty() && self.scenario != wanted.scenario {
            differs.push("of a scenario that said something else".into());
        }
        if self.version != wanted.version {
            differs.push(format!("by version {}", self.version));
        }
        if self.events != wanted.events {
            differs.push(format!("with `--events {}`", self.events));
        }
        if self.shard != wanted.shard {
            differs.push(match self.shard {
                (0, 0) => "joined by `sim merge`".to_string(),
                (part, parts) => format!("of `--shard {part}/{parts}`"),
            });
        }
        differs.join(", ")
    }
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
    /// Seeds of a chunk, all of them tried.
    Done {
        seeds: (u64, u64),
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
    /// Held as long as somebody writes.
    lock: Option<File>,
    /// Seeds that were tried to their ends, from and to, and what they came to; without failures.
    pub(super) done: BTreeMap<(u64, u64), Tally>,
    pub(super) failures: BTreeMap<u64, Failure>,
}

impl Results {
    /// Opens the results of a hunt, which goes on if they are of the same scenario and build, or begins. Results of another
    /// build are moved aside, to where is returned too.
    ///
    /// # Errors
    /// When the file is of another hunt, holds what no hunt wrote, or cannot be read or written.
    pub fn open(path: &Path, header: &Header) -> Result<(Results, Option<PathBuf>), String> {
        let shown = path.display();
        let failed = |error: std::io::Error| format!("cannot use {shown}: {error}");
        let mut results = Results { lock: Some(lock(path)?), ..Results::default() };
        let mut file = open(path).map_err(failed)?;
        let (found, whole) = results.take(&mut file, &shown.to_string())?;
        match found {
            Some(found) if found.build != header.build && found.clone().built(&header.build).is(header) => {
                let aside = aside(path);
                std::fs::rename(path, &aside).map_err(failed)?;
                let file = Some(open(path).map_err(failed)?);
                results = Results { lock: results.lock, file, ..Results::default() };
                results.write(&Line::Hunt(header.clone()))?;
                return Ok((results, Some(aside)));
            }
            Some(found) if !found.is(header) => {
                return Err(format!(
                    "{shown} holds results of another hunt, {}: remove it, or choose another folder with `--out DIR`",
                    found.other_than(header)
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
        Ok((results, None))
    }

    /// Whether these may be written to `path`: where nothing is, or nothing that is not among these, of the same hunt. Nobody
    /// else may write there as long as the file is kept that is returned.
    ///
    /// # Errors
    /// When something would be lost that is nowhere else, or somebody writes there.
    pub fn may_replace(&self, path: &Path, header: &Header) -> Result<File, String> {
        let shown = path.display().to_string();
        let failed = |error: std::io::Error| format!("cannot use {shown}: {error}");
        path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(failed)?;
        let lock = lock(path)?;
        let mut file = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(lock),
            file => file.map_err(failed)?,
        };
        let mut before = Results::default();
        let found = before.take(&mut file, &shown)?.0;
        let within = |seeds: &(u64, u64)| {
            self.tried(seeds).is_some_and(|tried| tried.0 <= seeds.0 && seeds.1 <= tried.1)
        };
        let among = before.done.keys().all(within)
            && before.failures.keys().all(|seed| self.failures.contains_key(seed));
        let what = match found {
            Some(found) if found.is(header) && among => return Ok(lock),
            Some(found) if found.is(header) => "holds results that would be lost".to_string(),
            Some(found) => format!("holds results already, {}", found.other_than(header)),
            None => "is there already".to_string(),
        };
        Err(format!("{shown} {what}: choose another folder with `--out DIR`"))
    }

    /// The last of those tried together that overlap these seeds. (None may have been tried twice.)
    pub(super) fn tried(&self, &(from, to): &(u64, u64)) -> Option<(u64, u64)> {
        let (&tried, _) = self.done.range(..(to, 0)).next_back()?;
        (from < tried.1).then_some(tried)
    }

    /// Writes all of it anew.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, header: &Header, to: &mut dyn Write) -> std::io::Result<()> {
        to.write_all(&line(&Line::Hunt(header.clone())))?;
        for (&seed, failure) in &self.failures {
            to.write_all(&line(&Line::Failed { seed, failure: failure.clone() }))?;
        }
        for (&seeds, tally) in &self.done {
            to.write_all(&line(&done(seeds, tally)))?;
        }
        Ok(())
    }

    /// What all seeds came to.
    pub fn tally(&self) -> Tally {
        let mut sum = Tally { failures: self.failures.clone(), ..Tally::default() };
        self.done.values().for_each(|tally| sum.join(tally.clone()));
        sum
    }

    /// What the seeds that a hunt asks for came to, by the first of those tried together, and which failed: only what was tried in
    /// the chunks that it would take them in.
    pub(super) fn of(&self, hunt: &Hunt<'_>) -> (BTreeMap<u64, Tally>, BTreeMap<u64, Failure>) {
        let mine = |seed: u64| hunt.seeds.contains(&seed) && hunt.takes(seed / CHUNK);
        let whole = |&(from, to): &(u64, u64)| mine(from) && within(from / CHUNK, &hunt.seeds) == (from..to);
        let done = self.done.iter().filter(|(seeds, _)| whole(seeds));
        let failures = self.failures.iter().filter(|(seed, _)| mine(**seed));
        (
            done.map(|(seeds, tally)| (seeds.0, tally.clone())).collect(),
            failures.map(|(&seed, failure)| (seed, failure.clone())).collect(),
        )
    }

    /// Whether all seeds of a chunk that are among these were tried.
    pub(super) fn has(&self, chunk: u64, seeds: &Range<u64>) -> bool {
        let Range { start, end } = within(chunk, seeds);
        self.done.contains_key(&(start, end))
    }

    pub(super) fn chunks_done(&self, seeds: &Range<u64>) -> BTreeSet<u64> {
        let chunks = self.done.keys().map(|(from, _)| from / CHUNK);
        chunks.filter(|&chunk| self.has(chunk, seeds)).collect()
    }

    /// A seed failed.
    pub(super) fn failed(&mut self, seed: u64, failure: &Failure) -> Result<(), String> {
        if self.failures.get(&seed) == Some(failure) {
            return Ok(());
        }
        self.write(&Line::Failed { seed, failure: failure.clone() })
    }

    /// These seeds of a chunk were tried to their ends.
    pub(super) fn done(&mut self, seeds: Range<u64>, tally: &Tally) -> Result<(), String> {
        let seeds = (seeds.start, seeds.end);
        self.write(&done(seeds, tally))?;
        let tally = Tally { failures: BTreeMap::new(), ..tally.clone() };
        self.done.insert(seeds, tally);
        Ok(())
    }

    fn write(&mut self, what: &Line) -> Result<(), String> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(&line(what)).map_err(|error| format!("cannot write results: {error}"))
    }

    /// Reads what is there: the header, and how many bytes are whole lines.
    pub(super) fn take(&mut self, file: &mut File, shown: &str) -> Result<(Option<Header>, u64), String> {
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
            let line = serde_json::from_slice(&text).map_err(|error| {
                // It counts lines and columns of its own, which say nothing here, and may quote all of them.
                let error = error.to_string();
                let error: String = error.split(" at line ").next().unwrap_or_default().chars().take(80).collect();
                let begins: String = String::from_utf8_lossy(&text).trim_end().chars().take(40).collect();
                format!(
                    "{shown}:{number}: no line of a hunt's results begins `{begins}` ({error}): move the file away, or \
                     choose another folder with `--out DIR`"
                )
            })?;
            match line {
                Line::Hunt(found) if number == 1 => {
                    let (part, parts) = found.shard;
                    if part > parts || (part == 0) != (parts == 0) {
                        return Err(format!(
                            "{shown}:{number}: there is no shard {part}/{parts}: move the file away, or choose another \
                             folder with `--out DIR`"
                        ));
                    }
                    header = Some(found);
                }
                _ if header.is_none() => {
                    return Err(format!(
                        "{shown}:{number}: the first line does not name the hunt: is this a hunt.jsonl?"
                    ));
                }
                Line::Hunt(_) => return Err(format!("{shown}:{number}: a second hunt begins here")),
                Line::Failed { seed, failure } if seed < SEEDS_MAX => drop(failures.insert(seed, failure)),
                Line::Failed { seed, .. } => {
                    return Err(format!("{shown}:{number}: no hunt tries seed {seed}"));
                }
                Line::Done { seeds: (from, to), tried, events, vacuous, undecided, coverage } => {
                    let fits = from < to && to <= SEEDS_MAX && from / CHUNK == (to - 1) / CHUNK;
                    if !fits || tried != to - from || vacuous.max(undecided) > tried {
                        return Err(format!(
                            "{shown}:{number}: no hunt tries seeds {from}..{to} in this way: move the file away, or \
                             choose another folder with `--out DIR`"
                        ));
                    }
                    let failures = BTreeMap::new();
                    let tally = Tally { seeds: tried, events, vacuous, undecided, coverage, failures };
                    self.done.insert((from, to), tally);
                }
            }
            whole += length as u64;
        }
        self.failures = failures;
        Ok((header, whole))
    }
}

/// Where results are moved aside to: each build's are kept.
fn aside(path: &Path) -> PathBuf {
    let name = |number: u32| match number {
        1 => path.with_extension("old.jsonl"),
        number => path.with_extension(format!("old-{number}.jsonl")),
    };
    (1..).map(name).find(|path| !path.exists()).expect("no folder holds so many files")
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// Two that write at once would tear one another's lines. The lock goes with the process, however it ends; it is on a file
/// beside the results, because those may be moved aside.
fn lock(path: &Path) -> Result<File, String> {
    let beside = path.with_extension("lock");
    let file = open(&beside).map_err(|error| format!("cannot use {}: {error}", beside.display()))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(format!(
            "{} is being written by another hunt: wait for it, or choose another folder with `--out DIR`",
            path.display()
        )),
        // Not every file system has locks. Without them it is up to the user, as it always was.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// No line that a hunt writes is as long.
const LINE_MAX: u64 = 1 << 24;

fn done(seeds: (u64, u64), tally: &Tally) -> Line {
    let Tally { seeds: tried, events, vacuous, undecided, ref coverage, .. } = *tally;
    Line::Done { seeds, tried, events, vacuous, undecided, coverage: coverage.clone() }
}

fn line(what: &Line) -> Vec<u8> {
    let mut line = serde_json::to_vec(what).expect("lines are plain data");
    line.push(b'\n');
    line
}
