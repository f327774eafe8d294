//! What a type can be read from: the names that it gives a deserializer, which then refuses.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, VariantAccess, Visitor, value::Error},
    forward_to_deserialize_any,
};

type Names = &'static [&'static str];

/// The variants of an enum.
pub(super) fn variants<T: for<'de> Deserialize<'de>>() -> Names {
    asked::<T>(0).variants
}

/// The keys of a structure.
pub(super) fn fields<T: for<'de> Deserialize<'de>>() -> Names {
    asked::<T>(0).fields
}

/// The variants of an enum that have keys, and these.
pub(super) fn keys<T: for<'de> Deserialize<'de>>() -> Vec<(&'static str, Names)> {
    let all = variants::<T>().iter().enumerate().map(|(index, name)| (*name, asked::<T>(index).fields));
    all.filter(|(_, keys)| !keys.is_empty()).collect()
}

/// Names that were given.
#[derive(Default)]
struct Asked {
    variants: Names,
    fields: Names,
}

/// Reads a `T` from nothing but, for an enum, the choice of a variant.
fn asked<T: for<'de> Deserialize<'de>>(variant: usize) -> Asked {
    let mut asked = Asked::default();
    drop(T::deserialize(Asking { variant, asked: &mut asked }));
    assert!(!asked.variants.is_empty() || !asked.fields.is_empty(), "neither an enum nor a structure");
    asked
}

struct Asking<'a> {
    variant: usize,
    asked: &'a mut Asked,
}

fn refuse<T>() -> Result<T, Error> {
    Err(Error::custom("asked only for names"))
}

impl<'de> Deserializer<'de> for Asking<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        refuse()
    }
    fn deserialize_struct<V: Visitor<'de>>(self, _: &str, keys: Names, _: V) -> Result<V::Value, Error> {
        self.asked.fields = keys;
        refuse()
    }
    fn deserialize_enum<V: Visitor<'de>>(self, _: &str, names: Names, visitor: V) -> Result<V::Value, Error> {
        self.asked.variants = names;
        visitor.visit_enum(self)
    }
    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}

impl<'de> EnumAccess<'de> for Asking<'_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Error> {
        let name = self.asked.variants[self.variant];
        Ok((seed.deserialize(IntoDeserializer::<Error>::into_deserializer(name))?, self))
    }
}

impl<'de> VariantAccess<'de> for Asking<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        refuse()
    }
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, _: S) -> Result<S::Value, Error> {
        refuse()
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Error> {
        refuse()
    }
    fn struct_variant<V: Visitor<'de>>(self, keys: Names, _: V) -> Result<V::Value, Error> {
        self.asked.fields = keys;
        refuse()
    }
}
