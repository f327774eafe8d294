//! Reads Rust values from an [outline](crate::outline): a `serde` deserializer that knows where everything stands.
//!
//! It accepts what `ron` accepts with the extensions of [`options`](crate::format::options), but for infinite numbers
//! and those that are none, and for one thing more: a string may be continued on the next line after a `\`, as in
//! Rust. Strings, characters and numbers are read by `ron` itself. The difference is in the errors: `ron` says "expected
//! string" of the blank before a value, and "trailing characters" of `1.5` where a
//! whole number belongs.

use crate::{
    diagnostics::{Mistake, Place},
    format::Refusal,
    messages,
    outline::{Field, Node, Outline, Shape, key},
    tokens::joined,
};
use serde::de::{self, DeserializeOwned, Deserializer, Visitor};
use std::{fmt, iter::Peekable, slice};

mod access;

/// Reads a value from a piece of RON, such as what a scenario says under `with`. Use it in a
/// [`Catalog`](crate::format::Catalog): its errors know their place in the file.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    let outline = Outline::of(text).map_err(|mistakes| Refusal::Misread(Misread(mistakes.list)))?;
    decode(text, &outline.root).map_err(|mistake| Refusal::Misread(Misread(vec![mistake])))
}

/// What kept a piece of RON from being read, with places in that piece.
#[derive(Clone, Debug)]
pub struct Misread(pub(crate) Vec<Mistake>);

/// Reads a value from a node of the outline of `source`.
pub(crate) fn decode<T: DeserializeOwned>(source: &str, node: &Node) -> Result<T, Mistake> {
    decode_under(None, source, node)
}

/// The same of a value that stands under a key: if it lacks something, messages call it so.
pub(crate) fn decode_under<T: DeserializeOwned>(
    key: Option<&str>,
    source: &str,
    node: &Node,
) -> Result<T, Mistake> {
    T::deserialize(Value { source, node, bare: false, key }).map_err(|error| error.placed(&node.at).finish())
}

/// Before its place is known, a mistake has none.
#[derive(Debug)]
struct Error {
    placed: bool,
    mistake: Box<Mistake>,
}

impl Error {
    /// The same, at `place` unless a smaller place is known.
    fn placed(mut self, place: &Place) -> Error {
        if !self.placed {
            self.placed = true;
            self.mistake.at = place.clone();
        }
        self
    }
    /// The same, with the name of the value that has or lacks a key.
    fn owned(mut self, value: &Value) -> Error {
        let what = &mut self.mistake.what;
        if !self.placed && (what.starts_with("this lacks ") || what.starts_with("this has ")) {
            what.replace_range(..4, &value.owner());
        }
        self
    }
    fn finish(self) -> Mistake {
        *self.mistake
    }
}

impl From<Mistake> for Error {
    fn from(mistake: Mistake) -> Error {
        Error { placed: true, mistake: Box::new(mistake) }
    }
}
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.mistake.what)
    }
}
impl std::error::Error for Error {}
impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Error {
        let (what, help) = split_advice(&message.to_string());
        let mistake = Mistake { help, ..messages::mistake(0..0, what, "") };
        Error { placed: false, mistake: Box::new(mistake) }
    }
    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Error {
        Error { placed: false, mistake: Box::new(messages::unknown_variant(0..0, variant, expected)) }
    }
    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Error {
        Error { placed: false, mistake: Box::new(messages::unknown_key(0..0, field, "this", expected)) }
    }
    fn missing_field(field: &'static str) -> Error {
        Error { placed: false, mistake: Box::new(messages::key_lacking(0..0, "this", field, None)) }
    }
}

/// Messages of other crates say "found: what would do"; the second half is help. They may quote the file at length.
pub(crate) fn split_advice(message: &str) -> (String, Option<String>) {
    let short = |text: &str| match text.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    };
    match message.split_once(": ") {
        Some((what, advice)) if advice.starts_with("write ") || advice.starts_with("use ") => {
            (short(what), Some(short(advice)))
        }
        Some((what, advice)) if ["did you mean ", "leave "].iter().any(|start| advice.starts_with(start)) => {
            (short(what), Some(short(advice)))
        }
        Some(_) | None => (short(message), None),
    }
}

/// A node to be read. `bare`: as if it had no name, because the name was a variant and is dealt with.
#[derive(Clone, Copy)]
struct Value<'a> {
    source: &'a str,
    node: &'a Node,
    bare: bool,
    /// What it stands under.
    key: Option<&'a str>,
}

/// What is left of a sequence.
struct Items<'a> {
    of: Value<'a>,
    rest: slice::Iter<'a, Node>,
}

/// What is left of a structure, or of a map, whose keys are values.
struct Entries<'a> {
    of: Value<'a>,
    rest: Peekable<slice::Iter<'a, Field>>,
    quoted: bool,
}

/// A variant of an enum: where its name is.
struct Variant<'a> {
    of: Value<'a>,
    named: Place,
}

type Read<'de, V> = Result<<V as Visitor<'de>>::Value, Error>;

impl<'a> Value<'a> {
    fn of(self, node: &'a Node) -> Value<'a> {
        Value { source: self.source, node, bare: false, key: None }
    }
    fn text(self) -> &'a str {
        &self.source[self.node.at.clone()]
    }
    fn name(self) -> Option<&'a str> {
        if self.bare { None } else { self.node.name.as_ref().map(|name| &self.source[name.clone()]) }
    }
    fn expected(self, visitor: &dyn de::Expected) -> Error {
        messages::expected(&visitor.to_string(), self.source, self.node).into()
    }
    fn word(self) -> Option<&'a str> {
        matches!(self.node.shape, Shape::Word).then(|| self.text())
    }
    /// What messages call it: by its name, or else by the key that it stands under.
    fn owner(self) -> String {
        let name = self.node.name.as_ref().map(|name| &self.source[name.clone()]).or(self.key);
        name.map_or_else(|| String::from("this"), |name| format!("`{name}`"))
    }

    fn integer<'de, V: Visitor<'de>>(self, visitor: V, low: i128, high: i128) -> Read<'de, V> {
        let word = self.word().ok_or_else(|| self.expected(&visitor))?;
        let digits = word.trim_start_matches(['-', '+']);
        let number = match ron::from_str::<i128>(word) {
            Ok(number) => number,
            Err(_)
                if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') =>
            {
                return Err(messages::out_of_range(self.node.at.clone(), word, low, high).into());
            }
            Err(_) => return Err(self.expected(&visitor)),
        };
        if !(low..=high).contains(&number) {
            return Err(messages::out_of_range(self.node.at.clone(), word, low, high).into());
        }
        match (u64::try_from(number), i64::try_from(number)) {
            (Ok(number), _) => visitor.visit_u64(number),
            (Err(_), Ok(number)) => visitor.visit_i64(number),
            (Err(_), Err(_)) => visitor.visit_i128(number),
        }
    }

    fn seq<'de, V: Visitor<'de>>(self, items: &'a [Node], visitor: V) -> Read<'de, V> {
        visitor.visit_seq(Items { of: self, rest: items.iter() }).map_err(|error| error.placed(&self.node.at))
    }

    /// A sequence of known length in parentheses.
    fn tuple<'de, V: Visitor<'de>>(self, len: usize, visitor: V) -> Read<'de, V> {
        match &self.node.shape {
            Shape::Items(items) if items.len() == len => self.seq(items, visitor),
            Shape::Items(items) => {
                Err(messages::wrong_count(self.node.at.clone(), &self.owner(), len, items.len()).into())
            }
            Shape::Text | Shape::Word | Shape::Fields(_) | Shape::List(_) | Shape::Map(_) => {
                let what = format!("{len} values in `( )`");
                Err(messages::expected(&what, self.source, self.node).into())
            }
        }
    }

    fn fields<'de, V: Visitor<'de>>(self, fields: &'a [Field], visitor: V) -> Read<'de, V> {
        if let Some((field, first)) = repeated(self.source, fields) {
            let twice = &self.source[field.key.clone()];
            return Err(messages::key_twice(field.key.clone(), twice, first.key.clone()).into());
        }
        let quoted = matches!(self.node.shape, Shape::Map(_));
        let entries = Entries { of: self, rest: fields.iter().peekable(), quoted };
        visitor.visit_map(entries).map_err(|error| error.owned(&self).placed(&self.node.at))
    }
}

/// A field whose key was there before, and that one before.
pub(crate) fn repeated<'a>(source: &str, fields: &'a [Field]) -> Option<(&'a Field, &'a Field)> {
    let mut seen = std::collections::BTreeMap::new();
    fields.iter().find_map(|field| Some((field, seen.insert(key(&source[field.key.clone()]), field)?)))
}

impl<'de> Deserializer<'de> for Value<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        match &self.node.shape {
            Shape::Text if self.text().starts_with('\'') => self.deserialize_char(visitor),
            Shape::Text => self.deserialize_string(visitor),
            Shape::Word if matches!(self.text(), "true" | "false") => self.deserialize_bool(visitor),
            Shape::Word if ron::from_str::<i128>(self.text()).is_ok() => self.deserialize_i128(visitor),
            Shape::Word => self.deserialize_f64(visitor),
            Shape::Items(items) | Shape::List(items) => self.seq(items, visitor),
            Shape::Fields(fields) | Shape::Map(fields) => self.fields(fields, visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        match self.word() {
            Some("true") => visitor.visit_bool(true),
            Some("false") => visitor.visit_bool(false),
            Some(_) | None => Err(messages::expected("true or false", self.source, self.node).into()),
        }
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        self.integer(visitor, i8::MIN.into(), i8::MAX.into())
    }
    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        self.integer(visitor, i16::MIN.into(), i16::MAX.into())
    }
    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        self.integer(visitor, i32::MIN.into(), i32::MAX.into())
    }
    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        self.integer(visitor, i64::MIN.into(), i64::MAX.into())
    }
    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        self.integer(visitor, i128::MIN, i128::MAX)
    }
    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        self.integer(visitor, 0, u8::MAX.into())
    }
    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        self.integer(visitor, 0, u16::MAX.into())
    }
    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        self.integer(visitor, 0, u32::MAX.into())
    }
    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        self.integer(visitor, 0, u64::MAX.into())
    }
    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        self.integer(visitor, 0, i128::MAX)
    }
    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        self.deserialize_f64(visitor)
    }
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        let number = self.word().and_then(|word| ron::from_str::<f64>(word).ok());
        match number.ok_or_else(|| self.expected(&visitor))? {
            number if number.is_finite() => {
                visitor.visit_f64(number).map_err(|error: Error| error.placed(&self.node.at))
            }
            _ => Err(messages::not_finite(self.node.at.clone(), self.text()).into()),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        match ron::from_str(self.text()) {
            Ok(found) => visitor.visit_char(found),
            Err(_) => Err(self.expected(&visitor)),
        }
    }
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        self.deserialize_string(visitor)
    }
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        if !matches!(self.node.shape, Shape::Text) || self.text().starts_with(['\'', 'b']) {
            return Err(self.expected(&visitor));
        }
        let text: String = ron::from_str(&joined(self.text()))
            .map_err(|error| messages::from_ron(self.node.at.clone(), &error.code.to_string()))?;
        visitor.visit_string(text).map_err(|error: Error| error.placed(&self.node.at))
    }
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        self.deserialize_string(visitor)
    }
    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        self.deserialize_string(visitor)
    }
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        visitor.visit_string(key(self.text()))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        match (self.name(), &self.node.shape) {
            (None, Shape::Word) if self.text() == "None" => visitor.visit_none(),
            (Some("Some"), Shape::Items(items)) if items.len() == 1 => visitor.visit_some(self.of(&items[0])),
            (_, _) => visitor.visit_some(self),
        }
    }
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        match &self.node.shape {
            Shape::Items(items) if items.is_empty() && self.name().is_none() => visitor.visit_unit(),
            Shape::Items(_)
            | Shape::Text
            | Shape::Word
            | Shape::Fields(_)
            | Shape::List(_)
            | Shape::Map(_) => Err(messages::expected("`()`", self.source, self.node).into()),
        }
    }
    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Read<'de, V> {
        if self.word() == Some(name) { visitor.visit_unit() } else { self.deserialize_unit(visitor) }
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Read<'de, V> {
        visitor.visit_newtype_struct(self)
    }
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        match &self.node.shape {
            Shape::List(items) => self.seq(items, visitor),
            Shape::Text | Shape::Word | Shape::Fields(_) | Shape::Items(_) | Shape::Map(_) => {
                Err(messages::expected("a list in `[ ]`", self.source, self.node).into())
            }
        }
    }
    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Read<'de, V> {
        match self.name() {
            None => self.tuple(len, visitor),
            Some(_) => {
                Err(messages::expected(&format!("{len} values in `( )`"), self.source, self.node).into())
            }
        }
    }
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Read<'de, V> {
        if self.name() == Some(name) {
            self.tuple(len, visitor)
        } else {
            self.deserialize_tuple(len, visitor)
        }
    }
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        match &self.node.shape {
            Shape::Map(fields) => self.fields(fields, visitor),
            Shape::Text | Shape::Word | Shape::Fields(_) | Shape::Items(_) | Shape::List(_) => {
                Err(messages::expected("a map in `{ }`", self.source, self.node).into())
            }
        }
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        keys: &'static [&'static str],
        visitor: V,
    ) -> Read<'de, V> {
        match &self.node.shape {
            Shape::Fields(fields) if self.name().is_none_or(|found| found == name) => {
                self.fields(fields, visitor)
            }
            Shape::Items(items) if items.is_empty() && self.name().is_none_or(|found| found == name) => {
                self.fields(&[], visitor)
            }
            Shape::Items(_) if self.node.name.is_some() => {
                Err(messages::takes_keys(self.node.at.clone(), self.owner().trim_matches('`'), keys).into())
            }
            Shape::Fields(_)
            | Shape::Items(_)
            | Shape::Text
            | Shape::Word
            | Shape::List(_)
            | Shape::Map(_) => {
                Err(messages::expected("keys and values in `( )`", self.source, self.node).into())
            }
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Read<'de, V> {
        let named = match (&self.node.name, &self.node.shape) {
            (Some(at), _) if !self.bare => at.clone(),
            (None, Shape::Word) if self.text().starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                self.node.at.clone()
            }
            (_, _) => return Err(messages::no_variant(name, variants, self.source, self.node).into()),
        };
        visitor.visit_enum(Variant { of: self, named }).map_err(|error| error.placed(&self.node.at))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Read<'de, V> {
        visitor.visit_unit()
    }
}
