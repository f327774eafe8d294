//! What is wrong with a scenario file, and where: collected while reading, shown together, in the order of the file.
//!
//! ```text
//! error: `clients` has no key `node`
//!   --> scenarios/partition.ron:14:15
//!    |
//! 14 |     clients: (node: 10, of: "db", load: Open(Poisson(200.0))),
//!    |               ^^^^ not a key of `clients`
//!    |
//!    = help: did you mean `nodes`?
//! ```
//!
//! The words of all messages are in `messages.rs`.

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use std::fmt;

/// Where in a text, in bytes.
pub(crate) type Place = std::ops::Range<usize>;

/// So many mistakes are shown; the rest are counted.
const SHOWN: usize = 20;
/// So many mistakes are kept; the rest are counted.
const KEPT: usize = 200;
/// Of a line with more bytes, only the part around a mistake is shown.
const LINE_MAX: usize = 1_000;

/// One mistake.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mistake {
    /// The offending piece of text.
    pub(crate) at: Place,
    /// What was found; lower case, without a full stop.
    pub(crate) what: String,
    /// A few words under the offending piece.
    pub(crate) label: String,
    /// What would do.
    pub(crate) help: Option<String>,
    /// Another place that matters, and a few words on it.
    pub(crate) also: Option<Box<(Place, String)>>,
}

/// Mistakes in the order in which they were found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mistakes {
    pub(crate) list: Vec<Mistake>,
    pub(crate) dropped: usize,
}

impl Mistakes {
    /// A single one.
    pub(crate) fn one(mistake: Mistake) -> Mistakes {
        Mistakes { list: vec![mistake], dropped: 0 }
    }

    pub(crate) fn push(&mut self, mistake: Mistake) {
        if self.list.len() < KEPT {
            self.list.push(mistake);
        } else {
            self.dropped += 1;
        }
    }

    /// Whether further mistakes would only be counted.
    pub(crate) fn full(&self) -> bool {
        self.list.len() >= KEPT
    }

    /// Whether nothing was found wrong inside of `place` so far.
    pub(crate) fn none_in(&self, place: &Place) -> bool {
        let inside = |mistake: &Mistake| place.start <= mistake.at.start && mistake.at.start < place.end;
        self.dropped == 0 && !self.list.iter().any(inside)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// A piece of the text that came from the command line and not from the file.
#[derive(Clone, Debug)]
pub(crate) struct Edit {
    /// Where the piece now stands in the text.
    pub(crate) at: Place,
    /// The whole argument, `path=value`.
    pub(crate) argument: String,
    /// Which part of the argument put it there.
    pub(crate) shown: Place,
    /// Whether that part stands in the text as it is, so that places within it correspond.
    pub(crate) verbatim: bool,
}

/// Everything that is wrong with one scenario file. Shown as plain text by `Display`.
#[derive(Clone, Debug)]
pub struct Diagnostics(Box<Found>);

#[derive(Clone, Debug)]
struct Found {
    file: String,
    source: String,
    mistakes: Mistakes,
    edits: Vec<Edit>,
    notes: Vec<String>,
}

impl Diagnostics {
    pub(crate) fn new(file: &str, source: &str, mut mistakes: Mistakes) -> Diagnostics {
        mistakes.list.sort_by_key(|mistake| mistake.at.start);
        mistakes.list.dedup();
        let (file, source) = (file.to_owned(), source.to_owned());
        Diagnostics(Box::new(Found { file, source, mistakes, edits: Vec::new(), notes: Vec::new() }))
    }

    /// A file about which only one thing can be said, such as that it cannot be opened.
    pub fn of_file(file: &str, message: &str) -> Diagnostics {
        let mistake =
            Mistake { at: 0..0, what: message.to_owned(), label: String::new(), help: None, also: None };
        Diagnostics::new(file, "", Mistakes::one(mistake))
    }

    pub(crate) fn with_edits(mut self, edits: &[Edit]) -> Diagnostics {
        self.0.edits = edits.to_vec();
        self
    }

    pub(crate) fn with_note(mut self, note: String) -> Diagnostics {
        self.0.notes.push(note);
        self
    }

    /// How many mistakes were found.
    pub fn len(&self) -> usize {
        self.0.mistakes.list.len() + self.0.mistakes.dropped
    }

    /// Whether none was found; reading never returns such a value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text for people, with or without ANSI colours. At most twenty mistakes are shown.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut text = String::new();
        for mistake in self.0.mistakes.list.iter().take(SHOWN) {
            text += &renderer.render(&[self.0.group(mistake)]);
            text += "\n\n";
        }
        for note in &self.0.notes {
            text += &renderer.render(&[Group::with_title(Level::NOTE.primary_title(note))]);
            text += "\n\n";
        }
        if self.len() > SHOWN {
            text += &format!("and {} more\n\n", self.len() - SHOWN);
        }
        text.truncate(text.trim_end().len());
        text
    }
}

impl Found {
    fn group<'a>(&'a self, mistake: &'a Mistake) -> Group<'a> {
        let mut group = Group::with_title(Level::ERROR.primary_title(&mistake.what));
        if self.source.is_empty() {
            group = group.element(Origin::path(&self.file));
        } else if let Some((edit, at)) = self.blamed(&mistake.at) {
            group = group.elements(snippet("--set", &edit.argument, at, &mistake.label, None));
        } else {
            let at = one_line(&self.source, &mistake.at);
            group = group.elements(snippet(
                &self.file,
                &self.source,
                at,
                &mistake.label,
                mistake.also.as_deref(),
            ));
        }
        match &mistake.help {
            Some(help) => group.element(Level::HELP.message(help)),
            None => group,
        }
    }

    /// The command line argument in which a mistake was made, and where in the argument.
    fn blamed(&self, at: &Place) -> Option<(&Edit, Place)> {
        let around = self.edits.iter().filter(|edit| edit.at.start <= at.start && at.end <= edit.at.end);
        let edit = around.min_by_key(|edit| edit.at.len())?;
        let shift = |offset: usize| offset - edit.at.start + edit.shown.start;
        let exact = edit.verbatim && edit.at.len() == edit.shown.len();
        let place = if exact { shift(at.start)..shift(at.end) } else { edit.shown.clone() };
        Some((edit, one_line(&edit.argument, &place)))
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

/// The part of a place that lies on its first line, and not more of it than can be shown.
fn one_line(source: &str, at: &Place) -> Place {
    let piece = &source[at.clone()];
    let length = piece.find(['\n', '\r']).unwrap_or(piece.len());
    at.start..boundary(source, at.start + length.min(LINE_MAX / 2))
}

/// The line around a place; of a very long line, only the part around the place.
fn line_around(source: &str, at: &Place) -> Place {
    let start = source[..at.start].rfind('\n').map_or(0, |newline| newline + 1);
    let end = source[at.end..].find('\n').map_or(source.len(), |length| at.end + length);
    if end - start <= LINE_MAX {
        return start..end;
    }
    let near = |offset: usize| boundary(source, offset);
    start.max(near(at.start.saturating_sub(LINE_MAX / 4)))..end.min(near(at.end + LINE_MAX / 4))
}

/// The last offset up to this one at which a character starts.
fn boundary(source: &str, offset: usize) -> usize {
    (0..=offset.min(source.len())).rev().find(|at| source.is_char_boundary(*at)).unwrap_or(0)
}

/// The lines of the two places, with the places marked.
fn snippet<'a>(
    path: &'a str,
    source: &'a str,
    at: Place,
    label: &'a str,
    also: Option<&'a (Place, String)>,
) -> Vec<Element<'a>> {
    let mut shown = line_around(source, &at);
    let line = |offset: usize| source[..offset].matches('\n').count() + 1;
    let line_start = source[..at.start].rfind('\n').map_or(0, |newline| newline + 1);
    let whole = shown.start == line_start;
    let also = also.map(|(place, label)| (one_line(source, place), label)).filter(|(place, _)| {
        let other = line_around(source, place);
        whole && (other.start == 0 || source[..other.start].ends_with('\n'))
    });
    if let Some((place, _)) = &also {
        let other = line_around(source, place);
        shown = shown.start.min(other.start)..shown.end.max(other.end);
    }
    let start = shown.start;
    let move_back = |place: Place| place.start - start..place.end - start;
    let mut snippet = Snippet::source(&source[shown]).line_start(line(start));
    let mut elements: Vec<Element<'_>> = Vec::new();
    if whole {
        snippet = snippet.path(path);
    } else {
        let column = source[line_start..at.start].chars().count() + 1;
        elements.push(Origin::path(path).line(line(at.start)).char_column(column).into());
    }
    snippet = snippet.annotation(AnnotationKind::Primary.span(move_back(at)).label(label));
    if let Some((place, label)) = also {
        snippet = snippet.annotation(AnnotationKind::Context.span(move_back(place)).label(label.as_str()));
    }
    elements.push(snippet.into());
    elements
}

/// Which of `known` was probably meant by `found`, if any is near.
pub(crate) fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = found.chars().count();
    if length > 60 {
        return None; // the distance takes time and memory in proportion to the product of both lengths
    }
    let lower = found.to_lowercase();
    let distance = |word: &str| strsim::damerau_levenshtein(&lower, &word.to_lowercase());
    let near = known.into_iter().take(1_000).map(|word| (distance(word), word));
    near.filter(|(distance, _)| *distance <= (length / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}
