//! What Rust's derived `Debug` prints, as JSON: readers of other languages need no parser of their own.
//!
//! The mapping is serde's: `Get(3)` is `{"Get": 3}`, `Put(3, 7)` is `{"Put": [3, 7]}`, `Done` is `"Done"`, `Job { id: 1 }` is
//! `{"Job": {"id": 1}}`, `Some(x)` is `x` and `None` is null. A type that prints itself in another way stays a text.

use serde_json::{Map, Value};

/// Values nest this deep at most; what nests deeper stays a text.
const DEPTH_MAX: usize = 60;

/// The value that `text` prints, or else the text itself.
pub(crate) fn plain(text: &str) -> Value {
    let mut reader = Reader { rest: text, depth: 0 };
    match reader.value() {
        Some(value) if reader.rest.is_empty() => value,
        Some(_) | None => Value::String(text.into()),
    }
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Option<Value> {
        if self.depth == DEPTH_MAX {
            return None;
        }
        self.depth += 1;
        let value = match self.rest.chars().next()? {
            '"' => self.quoted('"').map(Value::String),
            '\'' => self.quoted('\'').map(Value::String),
            '[' => self.list('[', ']').map(Value::Array),
            '(' => self.list('(', ')').map(tuple),
            '{' => self.braces(),
            c if c.is_ascii_digit() || c == '-' => self.number(),
            _ => self.named(),
        };
        self.depth -= 1;
        value
    }

    /// Whether `token` comes next; it is taken if it does.
    fn takes(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// A text in quotes, with the escapes that `Debug` writes.
    fn quoted(&mut self, quote: char) -> Option<String> {
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
        Some(text)
    }

    fn number(&mut self) -> Option<Value> {
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
        let (number, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        // A number with a unit is no number of JSON.
        serde_json::from_str::<serde_json::Number>(number).ok().map(Value::Number)
    }

    /// Values between brackets, with commas between them.
    fn list(&mut self, open: char, close: char) -> Option<Vec<Value>> {
        self.rest = self.rest.strip_prefix(open)?;
        let mut list = Vec::new();
        while !self.rest.starts_with(close) {
            list.push(self.value()?);
            if !self.takes(", ") {
                break;
            }
        }
        self.takes(&close.to_string()).then_some(list)
    }

    /// A map or a set: an object if every key is a text or a number, else pairs.
    fn braces(&mut self) -> Option<Value> {
        self.rest = self.rest.strip_prefix('{')?;
        let mut keys = Vec::new();
        let mut values = Vec::new();
        while !self.rest.starts_with('}') {
            keys.push(self.value()?);
            if self.takes(": ") {
                values.push(self.value()?);
            }
            if !self.takes(", ") {
                break;
            }
        }
        if !self.takes("}") {
            return None;
        }
        match values.len() {
            0 => Some(Value::Array(keys)),
            some if some != keys.len() => None,
            _ => Some(object(keys, values)),
        }
    }

    /// A value that begins with the name of its type or variant.
    fn named(&mut self) -> Option<Value> {
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let name = name.to_string();
        self.rest = rest;
        let inside = match (name.as_str(), self.rest) {
            ("", _) => return None,
            ("true", _) => return Some(Value::Bool(true)),
            ("false", _) => return Some(Value::Bool(false)),
            ("None", _) => return Some(Value::Null),
            (_, rest) if rest.starts_with('(') => tuple(self.list('(', ')')?),
            (_, rest) if rest.starts_with(" { ") => self.fields()?,
            _ => return Some(Value::String(name)),
        };
        if name == "Some" {
            return Some(inside);
        }
        Some(Value::Object(Map::from_iter([(name, inside)])))
    }

    fn fields(&mut self) -> Option<Value> {
        self.rest = self.rest.strip_prefix(" { ")?;
        let mut fields = Map::new();
        loop {
            let (name, rest) = self.rest.split_once(": ")?;
            if !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                return None;
            }
            let name = name.to_string();
            self.rest = rest;
            fields.insert(name, self.value()?);
            if !self.takes(", ") {
                break;
            }
        }
        self.takes(" }").then_some(Value::Object(fields))
    }
}

/// One value is itself, and several are a list, as serde has it.
fn tuple(mut values: Vec<Value>) -> Value {
    match values.len() {
        0 => Value::Null,
        1 => values.swap_remove(0),
        _ => Value::Array(values),
    }
}

fn object(keys: Vec<Value>, values: Vec<Value>) -> Value {
    let scalar = |key: &Value| key.is_string() || key.is_number();
    if !keys.iter().all(scalar) {
        let pairs = keys.into_iter().zip(values);
        return Value::Array(pairs.map(|(key, value)| Value::Array(vec![key, value])).collect());
    }
    let text = |key: Value| key.as_str().map_or_else(|| key.to_string(), str::to_string);
    Value::Object(keys.into_iter().map(text).zip(values).collect())
}

#[cfg(test)]
mod tests {
    use super::plain;
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
