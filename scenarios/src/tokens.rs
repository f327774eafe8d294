//! The words of a RON text, each with its place: the first of two steps from text to [outline](crate::outline).
//!
//! Tolerant on purpose: whatever is not white space, a comment, punctuation or a string is a word, so that `60s`
//! without its quotes is one word to point at. Two things cannot be tolerated, because everything after them would be
//! read wrongly: a string or comment that never ends, and brackets that do not match. Time and memory are linear in
//! the text, and nothing here recurses.

use crate::{
    diagnostics::{Mistake, Mistakes, Place},
    messages,
};
use std::borrow::Cow;

/// How deep brackets may be nested; as deep as `ron` itself goes.
pub(crate) const DEPTH_MAX: usize = 128;

/// One word, string or punctuation mark.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) at: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One of `( ) [ ] { } : ,`.
    Mark(u8),
    /// A string, raw string, byte string or character, with its quotes.
    Text,
    /// A number, a name, or anything else.
    Word,
}

/// The tokens of `source`, with mistakes that do not stop the reading; or the one that does.
pub(crate) fn scan(source: &str) -> Result<(Vec<Token>, Mistakes), Mistake> {
    let (tokens, mistakes, unended) = split(source);
    let balance = balance(&tokens);
    if (unended.is_some() || balance.is_err())
        && let Some(text) = swallowed(source, &tokens)
    {
        return Err(messages::string_swallows(text));
    }
    match (unended, balance) {
        (Some(mistake), _) | (None, Err(mistake)) => Err(mistake),
        (None, Ok(())) => Ok((tokens, mistakes)),
    }
}

/// A quote that was forgotten turns the rest of the text inside out; it shows where a string that runs over several
/// lines ends right at a word.
pub(crate) fn swallowed(source: &str, tokens: &[Token]) -> Option<Place> {
    let pair = tokens.windows(2).find(|pair| {
        let text = &source[pair[0].at.clone()];
        let touches = pair[0].at.end == pair[1].at.start;
        pair[0].kind == Kind::Text && pair[1].kind == Kind::Word && touches && text.contains('\n')
    })?;
    let start = pair[0].at.start;
    let line = source[start..].find('\n').map_or(source.len(), |length| start + length);
    Some(start..line)
}

fn split(source: &str) -> (Vec<Token>, Mistakes, Option<Mistake>) {
    let (mut tokens, mut mistakes) = (Vec::new(), Mistakes::default());
    let mut at = if source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    while let Some(first) = source[at..].chars().next() {
        let rest = &source[at..];
        let kind;
        let length;
        if is_white(first) {
            at += first.len_utf8();
            continue;
        } else if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        } else if rest.starts_with("/*") {
            let Some(length) = comment(rest) else {
                return (tokens, mistakes, Some(messages::comment_unended(at..at + 2)));
            };
            at += length;
            continue;
        } else if matches!(first, '(' | ')' | '[' | ']' | '{' | '}' | ':' | ',') {
            kind = Kind::Mark(first as u8);
            length = 1;
        } else if let Some(quote) = quoted(rest) {
            kind = Kind::Text;
            match quote {
                Ok(found) => length = found,
                Err(open) => return (tokens, mistakes, Some(messages::string_unended(at..at + open))),
            }
            escapes(&rest[..length], at, &mut mistakes);
        } else {
            kind = Kind::Word;
            length = word(rest);
        }
        tokens.push(Token { kind, at: at..at + length });
        at += length;
    }
    (tokens, mistakes, None)
}

/// What RON takes for white space.
fn is_white(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t'
            | '\n'
            | '\r'
            | '\x0B'
            | '\x0C'
            | '\u{85}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{2028}'
            | '\u{2029}'
    )
}

/// The length of the comment that `rest` starts with; such comments nest.
fn comment(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let (mut at, mut level) = (2, 1_usize);
    while level > 0 {
        match bytes.get(at..at + 2)? {
            b"/*" => (at, level) = (at + 2, level + 1),
            b"*/" => (at, level) = (at + 2, level - 1),
            _ => at += 1,
        }
    }
    Some(at)
}

/// The length of the string or character that `rest` starts with, if it does; the length of its opening if it never
/// ends.
fn quoted(rest: &str) -> Option<Result<usize, usize>> {
    let plain = rest.strip_prefix('b').unwrap_or(rest);
    let prefix = rest.len() - plain.len();
    if let Some(raw) = plain.strip_prefix('r') {
        let hashes = raw.bytes().take_while(|byte| *byte == b'#').count();
        if raw.as_bytes().get(hashes) == Some(&b'"') {
            let open = prefix + 1 + hashes + 1;
            let close = format!("\"{}", "#".repeat(hashes));
            return Some(rest[open..].find(&close).map(|length| open + length + close.len()).ok_or(open));
        }
        return None;
    }
    let quote = plain.bytes().next().filter(|quote| matches!(quote, b'"' | b'\''))?;
    let open = prefix + 1;
    let mut bytes = rest.bytes().enumerate().skip(open);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => _ = bytes.next(),
            b'\n' if quote == b'\'' => break,
            _ if byte == quote => return Some(Ok(at + 1)),
            _ => {}
        }
    }
    Some(Err(open))
}

/// Notes every `\` in a string that starts no escape.
fn escapes(text: &str, at: usize, mistakes: &mut Mistakes) {
    if text.starts_with('r') || text.starts_with("br") {
        return;
    }
    let mut chars = text.char_indices();
    while let Some((start, c)) = chars.next() {
        if c != '\\' {
            continue;
        }
        let Some((next, escaped)) = chars.next() else { return };
        if !matches!(escaped, '\n' | '\r' | '\'' | '"' | '\\' | 'n' | 'r' | 't' | '0' | 'x' | 'u') {
            let place = at + start..at + next + escaped.len_utf8();
            mistakes.push(messages::no_such_escape(place, &text[start..next + escaped.len_utf8()]));
        }
    }
}

/// The length of the word that `rest` starts with.
fn word(rest: &str) -> usize {
    let ends = |(at, c): (usize, char)| {
        let comment = c == '/' && matches!(rest.as_bytes().get(at + 1), Some(b'/' | b'*'));
        is_white(c) || comment || matches!(c, '(' | ')' | '[' | ']' | '{' | '}' | ':' | ',' | '"' | '\'')
    };
    rest.char_indices().skip(1).find(|&c| ends(c)).map_or(rest.len(), |(at, _)| at)
}

/// A string without the line breaks that a `\` takes away together with the indentation that follows, as in Rust.
pub(crate) fn joined(text: &str) -> Cow<'_, str> {
    if text.starts_with('r') || !(text.contains("\\\n") || text.contains("\\\r")) {
        return Cow::Borrowed(text);
    }
    let mut joined = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        joined += &rest[..at];
        let after = &rest[at + 1..];
        if after.starts_with(['\n', '\r']) {
            rest = after.trim_start_matches([' ', '\t', '\n', '\r']);
        } else {
            let length = after.chars().next().map_or(0, char::len_utf8);
            joined += &rest[at..at + 1 + length];
            rest = &after[length..];
        }
    }
    Cow::Owned(joined + rest)
}

/// Whether every bracket has its partner, and none is nested too deep.
fn balance(tokens: &[Token]) -> Result<(), Mistake> {
    let mut open: Vec<(u8, &Place)> = Vec::new();
    for token in tokens {
        match token.kind {
            Kind::Mark(mark @ (b'(' | b'[' | b'{')) => {
                if open.len() == DEPTH_MAX {
                    return Err(messages::too_deep(token.at.clone(), DEPTH_MAX));
                }
                open.push((mark, &token.at));
            }
            Kind::Mark(mark @ (b')' | b']' | b'}')) => match open.pop() {
                None => return Err(messages::bracket_unopened(token.at.clone(), char::from(mark))),
                Some((opened, place)) if partner(opened) != mark => {
                    let found = (token.at.clone(), char::from(mark));
                    return Err(messages::bracket_mismatched(
                        place.clone(),
                        char::from(partner(opened)),
                        found,
                    ));
                }
                Some(_) => {}
            },
            Kind::Mark(_) | Kind::Text | Kind::Word => {}
        }
    }
    match open.pop() {
        Some((opened, place)) => Err(messages::bracket_unclosed(place.clone(), char::from(partner(opened)))),
        None => Ok(()),
    }
}

fn partner(open: u8) -> u8 {
    match open {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}
