//! Scenarios as they are asked for on the command line: `FILE`, or `FILE#VARIANT`, and what is set in them.

use scenarios::{
    Registry,
    diagnostics::Diagnostics,
    format::{FILE_MAX, Scenario},
    read, set,
    variants::Variants,
};
use std::{
    io::{IsTerminal, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

/// A scenario as it was asked for on the command line.
pub(crate) struct Asked {
    /// Its file, and behind a `#` its variant, if the file has some.
    pub(crate) file: String,
    /// The file's name without `.ron`, and behind a `#` its variant.
    pub(crate) name: String,
    /// The file's name without `.ron`.
    pub(crate) stem: String,
    pub(crate) variant: Option<String>,
    pub(crate) text: Arc<str>,
    pub(crate) scenario: Scenario,
}

/// Reads all files before the first one runs: a mistake in the last should not cost the time of the others.
pub(crate) fn read_all(registry: &Registry, files: &[PathBuf], set: &[String]) -> Option<Vec<Asked>> {
    let asked: Vec<_> = files.iter().map(|file| read(registry, file, set)).collect();
    let asked: Vec<Asked> = asked.into_iter().collect::<Option<_>>()?;
    folders_differ(&asked.iter().collect::<Vec<_>>()).then_some(asked)
}

/// Reads a scenario that is to run; says on standard error what is wrong with it.
pub(crate) fn read(registry: &Registry, file: &Path, set: &[String]) -> Option<Asked> {
    read_any(registry, file, set).filter(runs)
}

/// Reads all variants of a scenario, or the one that is named behind its file; or else itself.
pub(crate) fn read_variants(registry: &Registry, file: &Path, set: &[String]) -> Option<Vec<Asked>> {
    if variant(file).1.is_some() {
        return Some(vec![read_any(registry, file, set)?]);
    }
    let (all, text) = variants(registry, file, None, set).map_err(|problems| complain(&problems)).ok()?;
    let text: Arc<str> = text.into();
    Some(all.into_iter().map(|(name, scenario)| asked(file, name, scenario, text.clone())).collect())
}

/// Reads a scenario, or a path through one.
pub(crate) fn read_any(registry: &Registry, file: &Path, set: &[String]) -> Option<Asked> {
    let (path, variant) = variant(file);
    let one = variants(registry, path, variant, set).and_then(|(all, text)| {
        let shown = path.display().to_string();
        Ok(asked(path, variant.map(str::to_string), read::only(&shown, all, variant)?, text.into()))
    });
    one.map_err(|problems| complain(&problems)).ok()
}

/// Whether a scenario can run; says so if it cannot.
pub(crate) fn runs(one: &Asked) -> bool {
    let runs = one.scenario.path().is_empty();
    if !runs {
        eprintln!("error: {}: this is a path through an explored world: `sim replay` plays it", one.file);
    }
    runs
}

/// Whether no two files would write to the same folder; says so if they would.
pub(crate) fn folders_differ(asked: &[&Asked]) -> bool {
    let clash = asked.iter().enumerate().find_map(|(i, one)| {
        asked[..i].iter().find(|other| other.stem == one.stem).map(|other| (other, one))
    });
    if let Some((one, other)) = clash {
        eprintln!(
            "error: {} and {} would write to the same folder: give them one by one, with `--out DIR` each",
            one.file, other.file
        );
    }
    clash.is_none()
}

/// Where the results of one of so many files go; `of` names which results, where nobody says where.
pub(crate) fn folder(out: Option<&Path>, one: &Asked, files: usize, of: &str) -> PathBuf {
    match out {
        None => Path::new("sim-out").join(&one.stem).join(of),
        Some(out) if files == 1 => out.to_path_buf(),
        Some(out) => out.join(&one.stem),
    }
}

/// All variants of a file, of which `wanted` is asked for if any one is; see [`set::read_set_all`].
fn variants(
    registry: &Registry,
    file: &Path,
    wanted: Option<&str>,
    set: &[String],
) -> Result<(Variants, String), Diagnostics> {
    let shown = file.display().to_string();
    let bytes = contents(file).map_err(|error| {
        let what = match file.is_dir() {
            true => format!("it is a folder: name files in it, like {}", file.join("*.ron").display()),
            false => format!("cannot read it: {error}"),
        };
        Diagnostics::of_file(&shown, &what)
    })?;
    let source = read::text(&shown, &bytes)?;
    let set: Vec<&str> = set.iter().map(String::as_str).collect();
    set::read_set_all(&shown, source, &set, wanted, registry)
}

/// A file, and the variant that is named behind it; a file whose own name has a `#` is no variant.
fn variant(file: &Path) -> (&Path, Option<&str>) {
    let split = || file.to_str().filter(|_| !file.exists())?.rsplit_once('#');
    split().map_or((file, None), |(file, variant)| (Path::new(file), Some(variant)))
}

fn asked(file: &Path, variant: Option<String>, scenario: Scenario, text: Arc<str>) -> Asked {
    let stem = file.file_stem().map_or_else(|| "scenario".into(), |stem| stem.to_string_lossy().into_owned());
    let behind = variant.as_ref().map_or_else(String::new, |variant| format!("#{variant}"));
    let (file, name) = (format!("{}{behind}", file.display()), format!("{stem}{behind}"));
    Asked { file, name, stem, variant, text, scenario }
}

/// The file's bytes, at most one more than a scenario may have: `read` refuses what is longer.
fn contents(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(file)?.take(FILE_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn complain(problems: &Diagnostics) {
    eprintln!("{}", problems.render(std::io::stderr().is_terminal()).trim_end());
}
