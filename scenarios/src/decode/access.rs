//! The insides of lists, maps, structures and variants, one after the other.

use super::{Entries, Error, Items, Read, Value, Variant};
use crate::{
    diagnostics::Place,
    messages,
    outline::{Node, Shape, key},
};
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, Visitor, value::StringDeserializer};

impl<'de> de::SeqAccess<'de> for Items<'_> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let Some(item) = self.rest.next() else { return Ok(None) };
        seed.deserialize(self.of.of(item)).map(Some).map_err(|error| error.placed(&item.at))
    }
    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let Some(field) = self.rest.peek() else { return Ok(None) };
        let text = &self.of.source[field.key.clone()];
        let read = if self.quoted {
            let shape = if text.contains(['"', '\'']) { Shape::Text } else { Shape::Word };
            let node = Node { at: field.key.clone(), name: None, shape };
            seed.deserialize(Value { source: self.of.source, node: &node, bare: false, key: None })
        } else {
            let name: StringDeserializer<Error> = key(text).into_deserializer();
            seed.deserialize(name)
        };
        read.map(Some).map_err(|error| error.owned(&self.of).placed(&field.key))
    }
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let field = self.rest.next().expect("a value is asked for after its key");
        let name = (!self.quoted).then(|| &self.of.source[field.key.clone()]);
        let value = Value { key: name, ..self.of.of(&field.value) };
        seed.deserialize(value).map_err(|error| error.placed(&field.value.at))
    }
    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

impl<'a, 'de> de::EnumAccess<'de> for Variant<'a> {
    type Error = Error;
    type Variant = Variant<'a>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Variant<'a>), Error> {
        let name: StringDeserializer<Error> = self.name().to_owned().into_deserializer();
        let value = seed.deserialize(name).map_err(|error| error.placed(&self.named))?;
        Ok((value, self))
    }
}

impl<'a> Variant<'a> {
    fn name(&self) -> &'a str {
        let text = &self.of.source[self.named.clone()];
        text.strip_prefix("r#").unwrap_or(text)
    }
    /// The node whose parentheses hold what belongs to the variant.
    fn inside(&self, keys: &[&str]) -> Result<Value<'a>, Error> {
        if self.of.node.name.is_some() {
            return Ok(Value { bare: true, ..self.of });
        }
        Err(messages::takes_something(self.of.node.at.clone(), self.name(), keys).into())
    }
    fn at(&self) -> &Place {
        &self.of.node.at
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        if self.of.node.name.is_none() {
            return Ok(());
        }
        Err(messages::takes_nothing(self.of.node.body(), self.name()).into())
    }

    /// The inner parentheses of `Variant((key: value))` may be left out.
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        let inside = self.inside(&[])?;
        match &inside.node.shape {
            Shape::Items(items) if items.len() == 1 => {
                seed.deserialize(self.of.of(&items[0])).map_err(|error| error.placed(&items[0].at))
            }
            // Only a structure whose keys have defaults, such as `Stream()`, can be made of nothing.
            Shape::Items(items) if items.is_empty() => seed
                .deserialize(inside)
                .map_err(|_| messages::takes_something(self.at().clone(), self.name(), &[]).into()),
            Shape::Items(items) => seed.deserialize(inside).map_err(|error| {
                let error = error.placed(self.at());
                if error.mistake.at != *self.at() {
                    return error; // the inner parentheses of a tuple were left out, and the mistake is inside
                }
                messages::wrong_count(self.at().clone(), &inside.owner(), 1, items.len()).into()
            }),
            Shape::Fields(_) | Shape::Text | Shape::Word | Shape::List(_) | Shape::Map(_) => {
                seed.deserialize(inside).map_err(|error| error.placed(self.at()))
            }
        }
    }
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Read<'de, V> {
        self.inside(&[])?.tuple(len, visitor)
    }
    fn struct_variant<V: Visitor<'de>>(self, keys: &'static [&'static str], visitor: V) -> Read<'de, V> {
        let inside = self.inside(keys)?;
        match &inside.node.shape {
            Shape::Items(items) if !items.is_empty() => {
                Err(messages::takes_keys(self.at().clone(), self.name(), keys).into())
            }
            Shape::Items(_)
            | Shape::Fields(_)
            | Shape::Text
            | Shape::Word
            | Shape::List(_)
            | Shape::Map(_) => inside.deserialize_struct("", keys, visitor),
        }
    }
}
