//! What Rust's derived `Debug` prints, as JSON: readers of other languages need no parser of their own.
//!
//! The mapping is serde's: `Get(3)` is `{"Get": 3}`, `Put(3, 7)` is `{"Put": [3, 7]}`, `Done` is `"Done"`, `Job { id: 1 }` is
//! `{"Job": {"id": 1}}`, `Some(x)` is `x` and `None` is null. A type that prints itself in another way stays a text.

/// Values nest this deep at most; what nests deeper stays a text.
const DEPTH_MAX: usize = 60;

/// Adds the value that `text` prints to `out`, as JSON; or else the text itself.
pub(crate) fn plain(text: &str, out: &mut String) {
    let start = out.len();
    let mut reader = Reader { rest: text, out, depth: 0 };
    if reader.value().is_none() || !reader.rest.is_empty() {
        out.truncate(start);
        string(text, out);
    }
}

/// Adds a string of JSON.
pub(crate) fn string(text: &str, out: &mut String) {
    // Most texts are names and words: control characters beyond ASCII are nobody's hurry.
    let plain = |c: u8| c != b'"' && c != b'\\' && (b' '..0x7f).contains(&c);
    if text.bytes().all(plain) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::to_string(text).expect("a text can be written"));
    }
}

struct Reader<'a, 'o> {
    rest: &'a str,
    out: &'o mut String,
    depth: usize,
}

impl<'a> Reader<'a, '_> {
    /// Reads a value and writes it.
    fn value(&mut self) -> Option<()> {
        if self.depth == DEPTH_MAX {
            return None;
        }
        self.depth += 1;
        match self.rest.bytes().next()? {
            quote @ (b'"' | b'\'') => self.quoted(quote.into())?,
            b'[' => self.list()?,
            b'(' => self.tuple()?,
            b'{' => self.braces()?,
            c if c.is_ascii_digit() || c == b'-' => self.number()?,
            _ => self.named()?,
        }
        self.depth -= 1;
        Some(())
    }

    /// Whether `token` comes next; it is taken if it does. Of a known length, it is compared without a call.
    #[inline]
    fn takes<const N: usize>(&mut self, token: &[u8; N]) -> bool {
        let taken = self.rest.as_bytes().first_chunk() == Some(token);
        if taken {
            self.rest = &self.rest[N..];
        }
        taken
    }

    /// Takes what comes before the first character that does not belong, asking byte by byte where it is ASCII.
    fn word(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let ascii = self.rest.bytes().position(|c| !c.is_ascii() || !belongs(c.into()));
        let end = match ascii {
            Some(end) if !self.rest.as_bytes()[end].is_ascii() => {
                self.rest.find(|c: char| !belongs(c)).unwrap_or(self.rest.len())
            }
            Some(end) => end,
            None => self.rest.len(),
        };
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// A text in quotes, with the escapes that `Debug` writes.
    fn quoted(&mut self, quote: char) -> Option<()> {
        let mut chars = self.rest[1..].chars();
        let mut text = String::new();
        loop {
            match chars.next()? {
                '\\' => text.push(match chars.next()? {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    '0' => '\0',
                    'u' => {
                        let code: String = chars.by_ref().skip(1).take_while(|c| *c != '}').collect();
                        char::from_u32(u32::from_str_radix(&code, 16).ok()?)?
                    }
                    other => other,
                }),
                c if c == quote => break,
                c => text.push(c),
            }
        }
        self.rest = chars.as_str();
        string(&text, self.out);
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        let number = self.word(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        // A number with a unit is no number of JSON.
        let padded = number.len() > 1 && number.starts_with('0');
        let whole = !padded && number.len() < 20 && number.bytes().all(|c| c.is_ascii_digit());
        if !whole {
            serde_json::from_str::<serde_json::Number>(number).ok()?;
        }
        self.out.push_str(number);
        Some(())
    }

    /// Values up to a bracket, with commas between them; how many.
    fn values(&mut self, close: u8) -> Option<usize> {
        let mut count = 0;
        while self.rest.bytes().next() != Some(close) {
            if count > 0 {
                self.out.push(',');
            }
            self.value()?;
            count += 1;
            if !self.takes(b", ") {
                break;
            }
        }
        self.takes(&[close]).then_some(count)
    }

    fn list(&mut self) -> Option<()> {
        self.takes(b"[");
        self.out.push('[');
        self.values(b']')?;
        self.out.push(']');
        Some(())
    }

    /// One value is itself, and several are a list, as serde has it.
    fn tuple(&mut self) -> Option<()> {
        self.takes(b"(");
        let start = self.out.len();
        match self.values(b')')? {
            0 => self.out.push_str("null"),
            1 => {}
            _ => {
                self.out.insert(start, '[');
                self.out.push(']');
            }
        }
        Some(())
    }

    /// What is read by `read`, as a text of its own.
    fn apart(&mut self) -> Option<String> {
        let start = self.out.len();
        self.value()?;
        Some(self.out.split_off(start))
    }

    /// A map or a set: an object if every key is a text or a number, else pairs.
    fn braces(&mut self) -> Option<()> {
        self.takes(b"{");
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        while !self.rest.starts_with('}') {
            keys.push(self.apart()?);
            if self.takes(b": ") {
                values.push(self.apart()?);
            }
            if !self.takes(b", ") {
                break;
            }
        }
        let map = !values.is_empty();
        if !self.takes(b"}") || (map && values.len() != keys.len()) {
            return None;
        }
        let scalar = |key: &String| key.starts_with(|c: char| c == '"' || c == '-' || c.is_ascii_digit());
        let (open, close, between) = match (map, keys.iter().all(scalar)) {
            (false, _) => ("[", "]", ""),
            (true, true) => ("{", "}", ":"),
            (true, false) => ("[", "]", ","),
        };
        self.out.push_str(open);
        for (place, key) in keys.iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            let entry = match (values.get(place), between) {
                (None, _) => key.clone(),
                (Some(value), ":") if key.starts_with('"') => format!("{key}:{value}"),
                (Some(value), ":") => format!("\"{key}\":{value}"),
                (Some(value), _) => format!("[{key},{value}]"),
            };
            self.out.push_str(comma);
            self.out.push_str(&entry);
        }
        self.out.push_str(close);
        Some(())
    }

    /// A value that begins with the name of its type or variant.
    fn named(&mut self) -> Option<()> {
        let name = self.word(|c| c.is_alphanumeric() || c == '_');
        let inside = self.rest.starts_with('(') || self.rest.starts_with(" { ");
        match name {
            "" => return None,
            "true" | "false" => self.out.push_str(name),
            "None" => self.out.push_str("null"),
            _ if !inside => string(name, self.out),
            "Some" => self.inside()?,
            _ => {
                self.out.push('{');
                string(name, self.out);
                self.out.push(':');
                self.inside()?;
                self.out.push('}');
            }
        }
        Some(())
    }

    /// What stands behind a name.
    fn inside(&mut self) -> Option<()> {
        if self.rest.starts_with('(') {
            return self.tuple();
        }
        self.takes(b" { ");
        self.out.push('{');
        loop {
            let field = self.word(|c| c.is_alphanumeric() || c == '_');
            if field.is_empty() || !self.takes(b": ") {
                return None;
            }
            string(field, self.out);
            self.out.push(':');
            self.value()?;
            if !self.takes(b", ") {
                break;
            }
            self.out.push(',');
        }
        self.out.push('}');
        self.takes(b" }").then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::plain as write;
    use serde_json::json;
    use std::collections::{BTreeMap, BTreeSet};

    #[derive(Debug)]
    #[allow(dead_code, reason = "read by Debug")]
    enum Asked {
        Get(u64),
        Cas(u64, Option<u64>, u64),
        Done,
        Job { text: String, parts: Vec<(u32, bool)>, at: BTreeMap<u64, BTreeSet<i8>> },
    }

    fn plain(text: &str) -> serde_json::Value {
        let mut out = String::from("before");
        write(text, &mut out);
        serde_json::from_str(out.strip_prefix("before").unwrap()).unwrap()
    }

    fn of(value: impl std::fmt::Debug) -> serde_json::Value {
        plain(&format!("{value:?}"))
    }

    #[test]
    fn derived_debug_becomes_what_serde_would_write() {
        assert_eq!(of(Asked::Get(u64::MAX)), json!({ "Get": u64::MAX }));
        assert_eq!(of(Asked::Cas(1, None, 3)), json!({ "Cas": [1, null, 3] }));
        assert_eq!(of(Some(Asked::Done)), json!("Done"));
        let text = "\"it's\" {a: b}, \n\u{1b}\u{202e} ü \\ \0";
        let at = BTreeMap::from([(7, BTreeSet::from([-1, 2]))]);
        let job = Asked::Job { text: text.into(), parts: vec![(1, true)], at };
        assert_eq!(of(job), json!({ "Job": { "text": text, "parts": [[1, true]], "at": { "7": [-1, 2] } } }));
        assert_eq!(of(BTreeMap::from([((1, 2), "x")])), json!([[[1, 2], "x"]]));
        assert_eq!(of((1.5, 'c', (), [0; 0])), json!([1.5, "c", null, []]));
    }

    #[test]
    fn what_prints_itself_in_another_way_stays_a_text() {
        for text in ["5ms", "[1, 2", "Get(1) again", "a: b", "NaN.", "", "{1: 2, 3}", "Job { text }"] {
            assert_eq!(plain(text), json!(text));
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(plain(&deep), json!(deep));
    }
}
