//! The scenario files that can be run: what lies in the folder, and nothing outside of it.
//!
//! A page names a file by an id from the list, never by a path. Links are not followed, so nothing that is put into the
//! folder leads out of it.

use crate::refusal::Refusal;
use scenarios::{
    Registry,
    diagnostics::Diagnostics,
    format::Scenario,
    play,
    read::{only, text},
    set::read_set_all,
    variants::Variants,
};
use serde::Serialize;
use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

/// So many files are listed.
pub const FILES_MAX: usize = 1_000;
/// So deep are folders looked into.
pub const DEPTH_MAX: usize = 8;
/// A longer file is not read: nobody writes so much by hand.
pub const FILE_MAX: u64 = 1 << 20;
/// So many entries of folders are looked at: a folder of a million pictures is no shelf.
const ENTRIES_MAX: usize = 20_000;

/// A folder of scenarios, or one file.
#[derive(Clone, Debug)]
pub struct Shelf {
    root: PathBuf,
}

/// A file on the shelf.
#[derive(Clone, Debug)]
pub(crate) struct Book {
    /// What a page calls it.
    pub(crate) id: String,
    path: PathBuf,
    /// Its path below the folder.
    name: String,
}

/// What the list tells of a file.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    id: String,
    name: String,
    about: String,
    seed: String,
    variants: Vec<String>,
    /// What is wrong with it; empty if it can be run.
    error: String,
}

/// The list of files.
#[derive(Debug, Serialize)]
pub(crate) struct Listing {
    scenarios: Vec<Entry>,
    /// What is not in it, in words; may be empty.
    note: String,
}

impl Shelf {
    /// The shelf of this folder or file.
    pub fn open(root: &Path) -> Result<Shelf, String> {
        let real = root.canonicalize().map_err(|error| format!("cannot read {}: {error}", root.display()))?;
        let fits = real.is_dir() || real.extension().is_some_and(|end| end == "ron");
        if !fits {
            let what = "is neither a folder nor a scenario file, which ends in .ron";
            return Err(format!("{} {what}", root.display()));
        }
        // As it was given, so that the commands on the page work where the server was started; a link is gone
        // through once, here.
        let link = real.is_file() && root.is_symlink();
        Ok(Shelf { root: if link { real } else { root.to_path_buf() } })
    }

    /// The files in order of their names, and what was left out.
    fn books(&self) -> (Vec<Book>, String) {
        if self.root.is_file() {
            let name = self.root.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return (vec![book(self.root.clone(), name)], String::new());
        }
        let mut found = Vec::new();
        let mut left = ENTRIES_MAX;
        let mut cut = false;
        walk(&self.root, "", 0, &mut found, &mut left, &mut cut);
        found.sort_by(|one, other| one.name.cmp(&other.name));
        cut |= found.len() > FILES_MAX;
        found.truncate(FILES_MAX);
        let note = match cut {
            true => format!(
                "Not everything is shown: at most {FILES_MAX} files, of {ENTRIES_MAX} entries, {DEPTH_MAX} folders deep."
            ),
            false => String::new(),
        };
        (found, note)
    }

    pub(crate) fn list(&self, registry: &Registry) -> Listing {
        let (books, note) = self.books();
        Listing { scenarios: books.iter().map(|book| book.entry(registry)).collect(), note }
    }

    pub(crate) fn find(&self, id: &str) -> Result<Book, Refusal> {
        let found = self.books().0.into_iter().find(|book| book.id == id);
        found.ok_or_else(|| Refusal::unknown("no such scenario: load the list again, its file may be gone"))
    }
}

/// Looks for files in a folder. What cannot be read is left out: it is not there for this user.
fn walk(folder: &Path, below: &str, depth: usize, found: &mut Vec<Book>, left: &mut usize, cut: &mut bool) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if *left == 0 {
            *cut = true;
            return;
        }
        *left -= 1;
        let Ok(kind) = entry.file_type() else { continue };
        // Without a name that is text it could not be shown, nor put into a command.
        let Ok(plain) = entry.file_name().into_string() else { continue };
        let name = if below.is_empty() { plain.clone() } else { format!("{below}/{plain}") };
        // A link is neither a folder nor a file here.
        if kind.is_dir() && !plain.starts_with('.') {
            if depth < DEPTH_MAX {
                walk(&entry.path(), &name, depth + 1, found, left, cut);
            } else {
                *cut = true;
            }
        } else if kind.is_file() && plain.ends_with(".ron") && !plain.starts_with('.') {
            found.push(book(entry.path(), name));
        }
    }
}

fn book(path: PathBuf, name: String) -> Book {
    Book { id: format!("{:016x}", play::hash(&name)), path, name }
}

impl Book {
    /// The file as one names it in a command.
    pub(crate) fn file(&self) -> String {
        self.path.display().to_string()
    }

    /// Its name without folders and without `.ron`.
    pub(crate) fn stem(&self) -> String {
        self.path.file_stem().map_or_else(|| "scenario".into(), |stem| stem.to_string_lossy().into_owned())
    }

    /// The text of the file.
    pub(crate) fn text(&self) -> Result<String, Diagnostics> {
        let shown = self.file();
        let wrong = |what: &str| Diagnostics::of_file(&shown, what);
        let mut bytes = Vec::new();
        let plain = fs::symlink_metadata(&self.path).is_ok_and(|meta| meta.is_file());
        if !plain && self.path.is_symlink() {
            return Err(wrong("it is a link now, which is not followed"));
        }
        let read = File::open(&self.path).and_then(|file| file.take(FILE_MAX + 1).read_to_end(&mut bytes));
        read.map_err(|error| wrong(&format!("cannot read it: {error}")))?;
        if bytes.len() as u64 > FILE_MAX {
            return Err(wrong(&format!(
                "it is longer than {FILE_MAX} bytes, the most that is read here; `sim run` reads longer ones"
            )));
        }
        text(&shown, &bytes).map(str::to_owned)
    }

    /// All variants, with these values set, of which one may be asked for.
    fn variants(
        &self,
        registry: &Registry,
        wanted: Option<&str>,
        set: &[String],
    ) -> Result<(Variants, String), Diagnostics> {
        let set: Vec<&str> = set.iter().map(String::as_str).collect();
        read_set_all(&self.file(), &self.text()?, &set, wanted, registry)
    }

    /// The scenario, and the text that it was read from.
    pub(crate) fn scenario(
        &self,
        registry: &Registry,
        wanted: Option<&str>,
        set: &[String],
    ) -> Result<(Scenario, String), Refusal> {
        let refused = |problems: Diagnostics| Refusal::unfit(problems.render(false));
        let (all, text) = self.variants(registry, wanted, set).map_err(refused)?;
        let scenario = only(&self.file(), all, wanted).map_err(refused)?;
        if scenario.path().is_empty() {
            return Ok((scenario, text));
        }
        Err(Refusal::unfit("this is a path through an explored world: `sim replay` plays it"))
    }

    fn entry(&self, registry: &Registry) -> Entry {
        let mut entry = Entry {
            id: self.id.clone(),
            name: self.name.clone(),
            about: String::new(),
            seed: String::new(),
            variants: Vec::new(),
            error: String::new(),
        };
        match self.variants(registry, None, &[]) {
            Ok((all, _)) => {
                if let Some((_, first)) = all.first() {
                    entry.about = first.about.clone();
                    entry.seed = first.seed.to_string();
                    if !first.path().is_empty() {
                        entry.error =
                            "a path through an explored world, which `sim replay` plays".to_string();
                    }
                }
                entry.variants = all.into_iter().filter_map(|(name, _)| name).collect();
            }
            Err(problems) => entry.error = problems.render(false),
        }
        entry
    }
}
