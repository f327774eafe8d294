//! Numbers, times and names as people read them. Nothing here draws or judges.
//!
//! Everything a scenario or a protocol wrote passes through [`clean`] or [`clean_lines`] once, so that no report carries
//! a control character: not to a terminal, where it would move the cursor, and not into XML, where it is not allowed.

use sim_core::{
    protocol::NodeId,
    run::Run,
    size::Bytes,
    time::{Span, Time},
};

/// The names of a run's nodes, each made when it is asked for first: a run has few nodes and may have millions of calls.
pub(crate) struct Names<'a> {
    run: &'a Run,
    made: Vec<Option<String>>,
}

impl<'a> Names<'a> {
    pub(crate) fn of(run: &'a Run) -> Names<'a> {
        Names { run, made: Vec::new() }
    }

    pub(crate) fn get(&mut self, node: NodeId) -> &str {
        let place = node.0 as usize;
        if place >= self.made.len() {
            self.made.resize(place + 1, None);
        }
        self.made[place].get_or_insert_with(|| self.run.name(node))
    }
}

/// A span with three significant digits, never coarser than a second: `812ms`, `1.42s`, `20s`.
pub(crate) fn span(span: Span) -> String {
    let digits = span.0.checked_ilog10().unwrap_or(0) + 1;
    let unit = 10_u64.pow(digits.saturating_sub(3)).min(1_000_000_000);
    Span(round(span.0, unit)).to_string()
}

/// A moment, to the millisecond, or to the microsecond within the first tenth of a second.
pub(crate) fn moment(time: Time) -> String {
    let unit = if time.0 >= 100_000_000 { 1_000_000 } else { 1_000 };
    Span(round(time.0, unit)).to_string()
}

/// A number of bytes with three significant digits: `64KB`, `12.8GB`.
pub(crate) fn size(bytes: u64) -> String {
    let digits = bytes.checked_ilog10().unwrap_or(0) + 1;
    Bytes(round(bytes, 10_u64.pow(digits.saturating_sub(3)))).to_string()
}

fn round(value: u64, unit: u64) -> u64 {
    value.saturating_add(unit / 2) / unit * unit
}

/// A number with its thousands apart: `11,832`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number with its noun: `1 message`, `3 messages`.
pub fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// How often: `once`, `3 times`.
pub(crate) fn times(number: u64) -> String {
    if number == 1 { "once".into() } else { format!("{} times", count(number)) }
}

/// A share in per cent, rounded down: nothing but all of it is `100 %`.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".into();
    }
    let hundredths = u128::from(part) * 10_000 / u128::from(whole);
    match (hundredths / 100, hundredths % 100) {
        (whole, 0) => format!("{whole}\u{a0}%"),
        (whole, rest) => format!("{whole}.{rest:02}\u{a0}%"),
    }
}

/// A word for a POSIX shell.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// One line without control characters or characters that reorder the text around them.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c == '\n' || c == '\t' { ' ' } else { harmless(c) }).collect()
}

/// The same, but lines stay lines.
pub(crate) fn clean_lines(text: &str) -> String {
    text.chars().map(|c| if c == '\n' || c == '\t' { c } else { harmless(c) }).collect()
}

fn harmless(c: char) -> char {
    match c {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

/// Columns a text takes on a terminal, near enough: wide scripts and pictures take two, combining marks none.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

fn width(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36f | 0x200b..=0x200d | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60 => 2,
        0x1f300..=0x1faff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// The text, cut to so many columns with an ellipsis if it is longer.
pub(crate) fn fit(text: &str, room: usize) -> String {
    if columns(text) <= room {
        return text.into();
    }
    let mut out = String::new();
    let mut left = room.saturating_sub(1);
    for c in text.chars() {
        if width(c) > left {
            break;
        }
        left -= width(c);
        out.push(c);
    }
    out.truncate(out.trim_end().len());
    if room > 0 {
        out.push('…');
    }
    out
}

/// One clean line of at most so many columns.
pub(crate) fn short(text: &str, room: usize) -> String {
    // A text that is far too long is cut before it is looked at.
    let end = text.char_indices().nth(room + 1).map_or(text.len(), |(end, _)| end);
    fit(&clean(&text[..end]), room)
}

/// The text in lines of at most so many columns, broken at blanks; at most `lines_max` of them.
pub(crate) fn wrap(text: &str, room: usize, lines_max: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && columns(&line) + 1 + columns(word) > room {
            lines.push(core::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    if lines.len() > lines_max {
        lines.truncate(lines_max);
        if let Some(last) = lines.last_mut() {
            last.push_str(" …");
        }
    }
    lines.iter().map(|line| fit(line, room)).collect()
}

/// The name of a node, at most forty columns of it.
pub(crate) fn node(run: &Run, node: NodeId) -> String {
    short(&run.name(node), 40)
}

/// Names of nodes, whole services and neighbours taken together: `db-1, db-3..5, all 10 of clients`. A crowd that would
/// fill the line is a number.
pub(crate) fn nodes(run: &Run, chosen: &[NodeId]) -> String {
    let mut chosen = chosen.to_vec();
    chosen.sort_unstable();
    chosen.dedup();
    let mut parts = Vec::new();
    let mut rest = chosen.as_slice();
    while let Some(&first) = rest.first() {
        let service = run.services.iter().find(|s| s.holds(first));
        let together =
            rest.iter().enumerate().take_while(|&(i, n)| u64::from(n.0) == u64::from(first.0) + i as u64);
        let len = together.take_while(|(_, n)| service.is_some_and(|s| s.holds(**n))).count().max(1);
        match service {
            Some(s) if len > 1 && len as u64 == u64::from(s.nodes) => {
                parts.push(format!("all {} of {}", count(len as u64), short(&s.name, 40)))
            }
            Some(s) if len > 2 => {
                let last = u64::from(rest[len - 1].0 - s.first.0) + 1;
                parts.push(format!("{}..{last}", node(run, first)));
            }
            _ => parts.extend(rest[..len].iter().map(|&n| node(run, n))),
        }
        rest = &rest[len..];
    }
    const SHOWN: usize = 6;
    if parts.len() > SHOWN {
        let crowd = counted(chosen.len() as u64, "node");
        let home = run.services.iter().find(|s| chosen.iter().all(|&n| s.holds(n)));
        return home.map_or(crowd.clone(), |s| format!("{crowd} of {}", short(&s.name, 40)));
    }
    if parts.is_empty() { "nobody".into() } else { parts.join(", ") }
}

/// The parts in as few lines as they fit, with `between` between them; never broken within one.
pub(crate) fn pack(parts: &[String], between: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if columns(line) + columns(between) + columns(part) <= room => {
                line.push_str(between);
                line.push_str(part);
            }
            _ => lines.push(part.clone()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::time::Units;

    #[test]
    fn spans_keep_three_digits_and_moments_their_milliseconds() {
        let spans = [0.ns(), 7.ns(), 1_234.ns(), 812_345.us(), 1_423.ms(), 20.s(), 123_456.ms(), 7_384.s()];
        assert_eq!(spans.map(span), ["0s", "7ns", "1.23us", "812ms", "1.42s", "20s", "123s", "7384s"]);
        assert_eq!(moment(Time(20_134_567_891)), "20.135s");
        assert_eq!(moment(Time(1_234_567)), "1.235ms");
        assert!(!span(Span::MAX).is_empty());
        assert!(!moment(Time::MAX).is_empty());
    }

    #[test]
    fn sizes_keep_three_digits() {
        let sizes = [0, 999, 64_000, 1_048_576, 12_812_345_678, u64::MAX];
        assert_eq!(sizes.map(size), ["0B", "999B", "64KB", "1.05MB", "12.8GB", "18400000TB"]);
    }

    #[test]
    fn nothing_but_all_is_a_hundred_per_cent() {
        assert_eq!(percent(99_999, 100_000), "99.99\u{a0}%");
        assert_eq!(percent(3, 3), "100\u{a0}%");
        assert_eq!(percent(0, 0), "–");
        assert_eq!(percent(u64::MAX, u64::MAX), "100\u{a0}%");
    }

    #[test]
    fn control_characters_and_reordering_marks_are_gone() {
        assert_eq!(clean("a\u{1b}[2Jb\nc\u{202e}d"), "a\u{fffd}[2Jb c\u{fffd}d");
        assert_eq!(clean_lines("a\nb\u{7}"), "a\nb\u{fffd}");
    }

    #[test]
    fn long_text_is_cut_by_columns_and_not_by_bytes() {
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit("plain", 5), "plain");
        assert_eq!(wrap("one two three four", 9, 2), ["one two", "three …"]);
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(
            pack(&["one two".into(), "three".into(), "four".into()], " · ", 12),
            ["one two", "three · four"]
        );
    }
}
