//! The outline of a RON text: which keys and values it has and where they stand, but not what they mean.
//!
//! It is what makes good error messages cheap. With the outline at hand, every key and every value of a scenario can
//! be read by itself, so one mistake does not hide the next; a mistake that shows only when everything is read (a
//! fault that names a node that does not exist) still finds its line; and a value can be replaced without touching
//! the text around it. Nesting is at most [`DEPTH_MAX`](crate::tokens::DEPTH_MAX) deep, which bounds the recursion.

use crate::{
    diagnostics::{Mistakes, Place},
    messages,
    tokens::{Kind, Token, scan, swallowed},
};

/// A text with its tokens and the tree of its values.
#[derive(Debug)]
pub(crate) struct Outline<'a> {
    pub(crate) source: &'a str,
    pub(crate) tokens: Vec<Token>,
    pub(crate) root: Node,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// All of it, from its name on.
    pub(crate) at: Place,
    /// The name before the parenthesis, as in `Random(1)`.
    pub(crate) name: Option<Place>,
    pub(crate) shape: Shape,
}

/// What a value looks like.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// A string or character.
    Text,
    /// A number, or a name without parentheses.
    Word,
    /// `(key: value, …)`
    Fields(Vec<Field>),
    /// `(value, …)`, also `()`
    Items(Vec<Node>),
    /// `[value, …]`
    List(Vec<Node>),
    /// `{key: value, …}`
    Map(Vec<Field>),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) key: Place,
    pub(crate) value: Node,
}

impl<'a> Outline<'a> {
    /// The outline of a text that holds one value, or every mistake that keeps it from having one.
    pub(crate) fn of(source: &'a str) -> Result<Outline<'a>, Mistakes> {
        let (tokens, mistakes) = scan(source).map_err(Mistakes::one)?;
        let mut parser = Parser { source, tokens: &tokens, next: 0, mistakes };
        parser.attributes();
        let root = parser.value();
        if let (Some(_), Some(rest)) = (&root, parser.tokens.get(parser.next)) {
            let place = rest.at.clone();
            parser.mistakes.push(messages::trailing(place));
        }
        match root {
            Some(root) if parser.mistakes.is_empty() => Ok(Outline { source, tokens, root }),
            Some(_) | None => Err(match swallowed(source, &tokens) {
                Some(text) => Mistakes::one(messages::string_swallows(text)),
                None => parser.mistakes,
            }),
        }
    }

    /// The text of a place.
    pub(crate) fn text(&self, place: &Place) -> &'a str {
        &self.source[place.clone()]
    }

    /// The key of a field, without quotes and escapes.
    pub(crate) fn key(&self, field: &Field) -> String {
        key(self.text(&field.key))
    }

    /// The first token that ends after `offset`; the last one if none does.
    pub(crate) fn token_at(&self, offset: usize) -> Option<&Token> {
        let index = self.tokens.partition_point(|token| token.at.end <= offset);
        self.tokens.get(index).or(self.tokens.last())
    }
}

/// A key without its quotes and escapes.
pub(crate) fn key(text: &str) -> String {
    if text.contains('"') {
        return ron::from_str(text).unwrap_or_else(|_| text.to_owned());
    }
    text.strip_prefix("r#").unwrap_or(text).to_owned()
}

impl Node {
    /// From its opening parenthesis on: without its name.
    pub(crate) fn body(&self) -> Place {
        self.name.as_ref().map_or(self.at.start, |name| name.end)..self.at.end
    }
}

struct Parser<'a> {
    source: &'a str,
    tokens: &'a [Token],
    next: usize,
    mistakes: Mistakes,
}

/// Brackets are known to match, so every opening one is followed by its partner and running off the end is no worry
/// inside of brackets.
impl Parser<'_> {
    fn kind(&self, ahead: usize) -> Option<Kind> {
        self.tokens.get(self.next + ahead).map(|token| token.kind)
    }

    fn is(&self, ahead: usize, mark: u8) -> bool {
        self.kind(ahead) == Some(Kind::Mark(mark))
    }

    fn place(&self) -> Place {
        self.tokens.get(self.next).map_or(self.source.len()..self.source.len(), |token| token.at.clone())
    }

    fn text(&self) -> &str {
        &self.source[self.place()]
    }

    /// `#![enable(…)]` at the head of the file: what it enables is enabled anyway.
    fn attributes(&mut self) {
        while self.text() == "#!" && self.is(1, b'[') {
            self.next += 2;
            let known = self.text() == "enable" && self.is(1, b'(');
            if !known {
                self.mistakes.push(messages::no_such_attribute(self.place()));
            }
            let mut level = 1;
            while level > 0 {
                match self.kind(0) {
                    Some(Kind::Mark(b'[' | b'(' | b'{')) => level += 1,
                    Some(Kind::Mark(b']' | b')' | b'}')) => level -= 1,
                    Some(Kind::Word) if known && level == 2 => self.extension(),
                    Some(Kind::Mark(_) | Kind::Text | Kind::Word) => {}
                    None => return,
                }
                self.next += 1;
            }
        }
    }

    fn extension(&mut self) {
        if !matches!(self.text(), "implicit_some" | "unwrap_newtypes" | "unwrap_variant_newtypes") {
            self.mistakes.push(messages::no_such_extension(self.place(), self.text()));
        }
    }

    fn value(&mut self) -> Option<Node> {
        let at = self.place();
        match self.kind(0) {
            Some(Kind::Text) => {
                self.next += 1;
                Some(Node { at, name: None, shape: Shape::Text })
            }
            Some(Kind::Word) if self.is(1, b'(') => {
                self.next += 1;
                let (shape, end) = self.parentheses();
                Some(Node { at: at.start..end, name: Some(at), shape })
            }
            Some(Kind::Word) => {
                self.next += 1;
                Some(Node { at, name: None, shape: Shape::Word })
            }
            Some(Kind::Mark(b'(')) => {
                let (shape, end) = self.parentheses();
                Some(Node { at: at.start..end, name: None, shape })
            }
            Some(Kind::Mark(b'[')) => {
                let (items, end) = self.items(b']');
                Some(Node { at: at.start..end, name: None, shape: Shape::List(items) })
            }
            Some(Kind::Mark(b'{')) => {
                let (fields, end) = self.fields(b'}');
                Some(Node { at: at.start..end, name: None, shape: Shape::Map(fields) })
            }
            Some(Kind::Mark(_)) | None => {
                self.mistakes.push(messages::value_missing(at.clone(), self.text()));
                None
            }
        }
    }

    fn parentheses(&mut self) -> (Shape, usize) {
        let keyed = self.is(2, b':') || self.kind(1) == Some(Kind::Word) && self.equals(1);
        if keyed {
            let (fields, end) = self.fields(b')');
            (Shape::Fields(fields), end)
        } else {
            let (items, end) = self.items(b')');
            (Shape::Items(items), end)
        }
    }

    /// Whether the token is one like `nodes=5`, or is followed by one like `=` or `=5`.
    fn equals(&self, ahead: usize) -> bool {
        let starts = |token: &Token| self.source[token.at.clone()].starts_with('=');
        let token = &self.tokens[self.next + ahead];
        self.source[token.at.clone()].contains('=')
            || self.tokens.get(self.next + ahead + 1).is_some_and(starts)
    }

    fn items(&mut self, close: u8) -> (Vec<Node>, usize) {
        self.next += 1;
        let mut items = Vec::new();
        while !self.is(0, close) {
            match self.value() {
                Some(item) => items.push(item),
                None => self.skip(close),
            }
            self.comma(close);
        }
        self.next += 1;
        (items, self.tokens[self.next - 1].at.end)
    }

    fn fields(&mut self, close: u8) -> (Vec<Field>, usize) {
        self.next += 1;
        let mut fields = Vec::new();
        while !self.is(0, close) {
            match self.field(close) {
                Some(field) => fields.push(field),
                None => self.skip(close),
            }
            self.comma(close);
        }
        self.next += 1;
        (fields, self.tokens[self.next - 1].at.end)
    }

    fn field(&mut self, close: u8) -> Option<Field> {
        let key = self.place();
        let kind = self.kind(0);
        if kind == Some(Kind::Word) && self.equals(0) {
            self.mistakes.push(messages::equals_sign(key));
            return None;
        }
        if !self.is(1, b':') || matches!(kind, Some(Kind::Mark(_))) {
            self.mistakes.push(messages::key_missing(key, self.text()));
            return None;
        }
        if kind == Some(Kind::Text) && close == b')' {
            self.mistakes.push(messages::key_quoted(key.clone(), self.text()));
        }
        self.next += 2;
        self.value().map(|value| Field { key, value })
    }

    /// Past what could not be read, up to the next comma or the end of the brackets.
    fn skip(&mut self, close: u8) {
        let mut level = 0;
        while level > 0 || !(self.is(0, close) || self.is(0, b',')) {
            match self.kind(0) {
                Some(Kind::Mark(b'[' | b'(' | b'{')) => level += 1,
                Some(Kind::Mark(b']' | b')' | b'}')) => level -= 1,
                Some(Kind::Mark(_) | Kind::Text | Kind::Word) => {}
                None => return,
            }
            self.next += 1;
        }
    }

    fn comma(&mut self, close: u8) {
        if self.is(0, b',') {
            self.next += 1;
        } else if !self.is(0, close) {
            let end = self.tokens[self.next - 1].at.end;
            if self.source[..end].ends_with(';') && self.tokens[self.next - 1].kind == Kind::Word {
                return self.mistakes.push(messages::semicolon(end - 1..end));
            }
            self.mistakes.push(messages::comma_missing(end..end, self.place(), self.text()));
            if self.is(0, b':') {
                // These brackets are neither one thing nor the other: there is nothing more to say about them.
                while !self.is(0, close) {
                    self.skip(close);
                    self.next += usize::from(self.is(0, b','));
                }
            }
        }
    }
}
