//! `sim merge`: the results of shards, joined.

use super::{
    refused,
    told::{NAMED, code, named, reached, report, say_again, sum},
};
use crate::{commands::say, output};
use reports::clean;
use scenarios::hunt::{Ended, Merged};
use sim_core::judged::Status;
use std::path::{Path, PathBuf};

pub(crate) fn merge(files: &[PathBuf], out: &Path) -> u8 {
    // A folder is what `hunt --out` was given.
    let file = |path: &PathBuf| if path.is_dir() { path.join("hunt.jsonl") } else { path.clone() };
    let files: Vec<PathBuf> = files.iter().map(file).collect();
    let paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let path = out.join("hunt.jsonl");
    let merged = Merged::of(&paths).and_then(|merged| {
        let _lock = merged.results.may_replace(&path, &merged.header)?;
        output::write(out, "hunt.jsonl", |to| merged.results.save(&merged.header, to))?;
        Ok(merged)
    });
    let merged = match merged {
        Ok(merged) => merged,
        Err(message) => return refused(&message),
    };
    let (tally, header) = (merged.results.tally(), &merged.header);
    say!("{}: {}", clean(&header.file), sum(&tally));
    report(&tally, Ended::Done, true);
    for (signature, seeds) in tally.groups().into_iter().take(NAMED) {
        say_again((&header.file, &header.set), seeds[0], signature, header.events);
    }
    reached(&tally);
    let (missing, gaps) = (&merged.missing, merged.gaps());
    if !missing.is_empty() {
        let missing = named(missing.iter().map(|(part, parts)| format!("{part}/{parts}")));
        say!("  missing    there are no results of --shard {missing}");
    }
    if !gaps.is_empty() {
        let gaps = named(gaps.iter().map(|gap| format!("{}..{}", gap.start, gap.end)));
        say!("  unfinished seeds {gaps}");
    }
    if !merged.alike {
        say!("  mixed      different builds of sim found these: what one fails by, another may not");
    }
    say!("  results    {}", path.display());
    match code(&tally) {
        0 if !(missing.is_empty() && gaps.is_empty()) => Status::Undecided.exit_code(),
        code => code,
    }
}
