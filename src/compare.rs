//! `sim compare`: results against earlier ones, for people and for CI.

use crate::{
    commands::{BAD_INPUT, colored, say},
    output,
};
use reports::{Allowance, Entry, Measured, PAST_MAX, RUNS_MAX, Results, SUMMARY_MAX, Tolerance, clean};
use scenarios::{format::FILE_MAX, tolerance};
use std::{
    fs::{self, File},
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
};

/// Instead of those of the other commands.
pub(crate) const CODES: &str = "Exit codes: 0 nothing got worse; 1 something did; 2 bad input or usage, or results that cannot be written; 3 there was nothing to \
                                compare.";

/// There was nothing to compare.
const NOTHING: u8 = 3;
/// What results are called.
const SUMMARY: &str = "summary.json";
/// So long all summaries of a side may be.
const ALL_MAX: u64 = 1 << 30;
/// Folders are looked through so deep.
const DEPTH_MAX: usize = 8;

/// Where the comparison goes besides standard output.
pub(crate) struct To {
    pub(crate) out: Option<PathBuf>,
    pub(crate) png: bool,
    pub(crate) markdown: Option<PathBuf>,
    pub(crate) junit: Option<PathBuf>,
    /// And the label of the line in there.
    pub(crate) history: Option<(PathBuf, String)>,
}

pub(crate) fn compare(baseline: &Path, current: &Path, tolerance: Option<&Path>, to: &To) -> u8 {
    match compared(baseline, current, tolerance, to) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("{message}");
            BAD_INPUT
        }
    }
}

fn compared(baseline: &Path, current: &Path, tolerance: Option<&Path>, to: &To) -> Result<u8, String> {
    let error = |message: String| format!("error: {message}");
    to.spares([Some(baseline), Some(current), tolerance]).map_err(error)?;
    // What an earlier comparison left goes first: nobody shall take it for this one's.
    to.files().try_for_each(|(file, _)| output::absent(&file)).map_err(error)?;
    to.out.iter().try_for_each(|folder| output::clear(folder, &["trend.png"])).map_err(error)?;
    let (baseline, current) = (results(baseline).map_err(error)?, results(current).map_err(error)?);
    let tolerance = match tolerance {
        Some(file) => tolerances(file, &baseline, &current)?,
        None => Tolerance::default(),
    };
    // Before anything is written: what cannot be added to must not cost the rest.
    let past = match &to.history {
        Some((file, _)) => past(file).map_err(error)?,
        None => Vec::new(),
    };
    let regression = reports::regression(&baseline, &current, &tolerance);
    if regression.is_empty() {
        eprintln!("nothing to compare: no scenario is in both");
        return Ok(NOTHING);
    }
    say!("{}", reports::regression_text(&regression, colored()).trim_end());
    write(&regression, past, to).map_err(error)?;
    Ok(u8::from(regression.worse()))
}

/// What is written, beside a history.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    Markdown,
    Junit,
    Trend,
    TrendPng,
}

impl To {
    /// Refuses files that would take the place of what is read, or of one another.
    fn spares(&self, read: [Option<&Path>; 3]) -> Result<(), String> {
        let history = self.history.as_ref().map(|(file, _)| file.as_path());
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let mut seen: Vec<PathBuf> = history.map(real).into_iter().collect();
        for (file, _) in self.files() {
            for read in read.into_iter().flatten().chain(history) {
                output::replaceable(&file, &read.to_string_lossy())?;
            }
            let place = real(&file);
            let results = place.ends_with(SUMMARY)
                && read.into_iter().flatten().any(|read| place.starts_with(real(read)));
            if results || seen.contains(&place) {
                return Err(format!("{} is read, or written twice: choose another file", file.display()));
            }
            seen.push(place);
        }
        Ok(())
    }

    /// The files to write, but for the history.
    fn files(&self) -> impl Iterator<Item = (PathBuf, Written)> {
        let within = |name: &str| self.out.as_ref().map(|folder| folder.join(name));
        let trend = within("trend.svg").filter(|_| self.history.is_some());
        let trend_png = within("trend.png").filter(|_| self.png);
        [
            (self.markdown.clone(), Written::Markdown),
            (within("comparison.md"), Written::Markdown),
            (self.junit.clone(), Written::Junit),
            (within("junit.xml"), Written::Junit),
            (trend, Written::Trend),
            (trend_png, Written::TrendPng),
        ]
        .into_iter()
        .filter_map(|(file, written)| Some((file?, written)))
    }
}

fn write(regression: &reports::Regression, mut past: Vec<Entry>, to: &To) -> Result<(), String> {
    if let Some((file, label)) = &to.history {
        past.push(Entry::of(regression, label));
        output::write_file(file, past.iter().map(Entry::line).collect::<String>())?;
    }
    to.files().try_for_each(|(file, written)| {
        let content = match written {
            Written::Markdown => reports::regression_markdown(regression).into(),
            Written::Junit => reports::regression_junit(regression).into(),
            Written::Trend => reports::trend_svg(&past).into(),
            Written::TrendPng => reports::png(&reports::trend_svg(&past))?,
        };
        output::write_file(&file, content)
    })
}

/// A path for messages: names in folders of others may be anything.
fn shown(path: &Path) -> String {
    clean(&path.display().to_string())
}

/// The runs of a summary, or of all in and below a folder.
fn results(path: &Path) -> Result<Results, String> {
    let mut files = Vec::new();
    if path.is_dir() {
        summaries(path, 0, &mut files)?;
        if files.is_empty() {
            return Err(format!("{}: there is no summary.json in or below this folder", shown(path)));
        }
    } else {
        files.push(path.to_path_buf());
    }
    let (mut results, mut length) = (Results::default(), 0);
    for file in files {
        let bytes = bounded(&file, SUMMARY_MAX)?;
        length += bytes.len() as u64;
        if length > ALL_MAX {
            return Err(format!(
                "{}: summaries of more than {} MB are too many to compare",
                shown(path),
                ALL_MAX >> 20
            ));
        }
        results.add(Measured::read(&shown(&file), &bytes)?)?;
    }
    Ok(results)
}

/// Looks for files called summary.json, in the order of the alphabet; links to elsewhere are not followed.
fn summaries(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), String> {
    let wrong = |error: io::Error| format!("cannot read {}: {error}", shown(folder));
    let mut entries =
        fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(wrong)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type().map_err(wrong)?;
        if kind.is_dir() && depth < DEPTH_MAX {
            summaries(&entry.path(), depth + 1, found)?;
        } else if kind.is_file() && entry.file_name() == SUMMARY {
            found.push(entry.path());
        }
        if found.len() > RUNS_MAX {
            return Err(format!("{}: more than {RUNS_MAX} runs are too many to compare", shown(folder)));
        }
    }
    Ok(())
}

fn bounded(file: &Path, most: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|opened| opened.take(most + 1).read_to_end(&mut bytes));
    read.map_err(|error| format!("cannot read {}: {error}", shown(file)))?;
    if bytes.len() as u64 > most {
        return Err(format!("{}: longer than {} MB", shown(file), most >> 20));
    }
    Ok(bytes)
}

/// Reads a tolerance file; what is wrong with it comes back rendered.
fn tolerances(file: &Path, baseline: &Results, current: &Results) -> Result<Tolerance, String> {
    let bytes = bounded(file, FILE_MAX as u64).map_err(|message| format!("error: {message}"))?;
    let known = reports::tolerable(baseline, current);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    tolerance::read(&shown(file), &bytes, &known, &Allowance::of)
        .map(|(default, metrics)| Tolerance { default, metrics })
        .map_err(|problems| problems.render(io::stderr().is_terminal()).trim_end().to_string())
}

/// What a history has so far; one that is not there begins now.
fn past(file: &Path) -> Result<Vec<Entry>, String> {
    if !file.exists() {
        return Ok(Vec::new());
    }
    Entry::read(&shown(file), &bounded(file, PAST_MAX)?)
}
