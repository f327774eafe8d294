//! Sizes: how many bytes there are, and how many pass in a second.
//!
//! Integers, as time is: a size is what was written, to the byte, and how long its bytes take is rounded once.

use alloc::{format, string::String};
use core::{fmt, str::FromStr};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Span;

/// A number of bytes, written `20B`, `64KB` (64,000 bytes), `1.5MB` or `1MiB` (2^20 bytes).
///
/// ```
/// use sim_core::size::Bytes;
/// assert_eq!("1.5MB".parse(), Ok(Bytes(1_500_000)));
/// assert_eq!("1MiB".parse(), Ok(Bytes(1 << 20)));
/// assert_eq!(Bytes(64_000).to_string(), "64KB");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

/// Bytes per second, written `10MB/s`, or in bits `100Mbit/s` (12,500,000 bytes per second). As written, more than 0.
///
/// ```
/// use sim_core::{size::Rate, time::Units};
/// let rate: Rate = "1Gbit/s".parse().unwrap();
/// assert_eq!(rate.time(1_000_000), 8.ms());
/// assert_eq!(rate.to_string(), "125MB/s");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(pub u64);

impl Rate {
    /// How long so many bytes take, rounded up to the nanosecond: they are there when the last bit is. At a rate of 0
    /// that is never, [`Span::MAX`], unless there are no bytes.
    pub fn time(self, bytes: u64) -> Span {
        match (bytes, self.0) {
            (0, _) => Span::ZERO,
            (_, 0) => Span::MAX,
            (bytes, rate) => {
                let nanos = (u128::from(bytes) * 1_000_000_000).div_ceil(u128::from(rate));
                Span(u64::try_from(nanos).unwrap_or(u64::MAX))
            }
        }
    }
}

const UNITS: [(&str, u64); 8] = [
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
];

/// What only rates are counted in; in bytes.
const BITS: [(&str, u64); 4] =
    [("Tbit", 125_000_000_000), ("Gbit", 125_000_000), ("Mbit", 125_000), ("Kbit", 125)];

/// Exact: `1500KB` is `1.5MB`; written with the largest decimal unit that needs at most three decimals, and what is
/// whole in a binary unit but not in a decimal one, with the largest such.
impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, unit) = match self.0 {
            n if n < 1_000 => ("B", 1),
            n if !n.is_multiple_of(1_000) && n.is_multiple_of(1 << 30) => ("GiB", 1 << 30),
            n if !n.is_multiple_of(1_000) && n.is_multiple_of(1 << 20) => ("MiB", 1 << 20),
            n if !n.is_multiple_of(1_000) && n.is_multiple_of(1 << 10) => ("KiB", 1 << 10),
            n if n >= 1_000_000_000_000 && n.is_multiple_of(1_000_000_000) => ("TB", 1_000_000_000_000),
            n if n >= 1_000_000_000 && n.is_multiple_of(1_000_000) => ("GB", 1_000_000_000),
            n if n >= 1_000_000 && n.is_multiple_of(1_000) => ("MB", 1_000_000),
            _ => ("KB", 1_000),
        };
        let (whole, rest) = (self.0 / unit, self.0 % unit);
        if rest == 0 {
            return f.pad(&format!("{whole}{name}"));
        }
        let decimals = format!("{:0width$}", rest, width = format!("{}", unit - 1).len());
        f.pad(&format!("{whole}.{}{name}", decimals.trim_end_matches('0')))
    }
}
/// As its bytes are.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/s", Bytes(self.0)))
    }
}

/// Reads `64KB`, `1.5MB`, `1MiB`; a unit is required, and a fraction of a byte is refused.
impl FromStr for Bytes {
    type Err = String;
    fn from_str(text: &str) -> Result<Bytes, String> {
        let (number, unit) = split(text).ok_or_else(|| {
            format!("`{text}` is not a size: write a number and a unit, like \"64KB\" or \"1.5MB\"")
        })?;
        if unit.is_empty() {
            return Err(format!("`{text}` has no unit: write \"{text}B\" or \"{text}KB\""));
        }
        if let Some(size) = text.strip_suffix("/s") {
            return Err(format!("`{text}` is a rate and not a size: write \"{size}\""));
        }
        let Some(&(_, scale)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(format!("`{unit}` is not a unit of size: use B, KB, MB, GB, TB, KiB, MiB or GiB"));
        };
        match times(number, scale) {
            Ok(bytes) => Ok(Bytes(bytes)),
            Err(Inexact::Large) => Err(format!("`{text}` is more than 64 bits can count, 18446744TB")),
            Err(Inexact::Fine) => Err(format!("`{text}` is not a whole number of bytes")),
        }
    }
}

/// Reads `10MB/s`, `1Gbit/s`; must be a whole number of bytes per second, and more than 0.
impl FromStr for Rate {
    type Err = String;
    fn from_str(text: &str) -> Result<Rate, String> {
        let (number, unit) = split(text).ok_or_else(|| {
            format!("`{text}` is not a rate: write a number and a unit, like \"10MB/s\" or \"1Gbit/s\"")
        })?;
        if unit.is_empty() || unit == "/s" {
            return Err(format!("`{text}` has no unit: write \"{number}MB/s\" or \"{number}Mbit/s\""));
        }
        let amount = unit.strip_suffix("/s");
        let wanted = amount.unwrap_or(unit);
        let Some(&(_, scale)) = UNITS.iter().chain(&BITS).find(|(name, _)| *name == wanted) else {
            return Err(format!(
                "`{unit}` is not a unit of rate: use B/s, KB/s, MB/s, GB/s, TB/s, KiB/s, MiB/s or GiB/s, or in bits \
                 Kbit/s, Mbit/s, Gbit/s or Tbit/s"
            ));
        };
        if amount.is_none() {
            return Err(format!("`{text}` has no `/s`: write \"{text}/s\""));
        }
        match times(number, scale) {
            Ok(0) => Err(format!("at `{text}` nothing ever arrives: write a rate above 0, like \"10MB/s\"")),
            Ok(bytes) => Ok(Rate(bytes)),
            Err(Inexact::Large) => Err(format!("`{text}` is more than 64 bits can count, 18446744TB/s")),
            Err(Inexact::Fine) => Err(format!("`{text}` is not a whole number of bytes per second")),
        }
    }
}

/// The number in front, and what follows it; `None` if there is no such number.
fn split(text: &str) -> Option<(&str, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shapeless = number.is_empty()
        || number.starts_with('.')
        || number.ends_with('.')
        || number.matches('.').count() > 1;
    (!shapeless).then_some((number, unit))
}

/// Why a product is no `u64`.
enum Inexact {
    Large,
    Fine,
}

/// A decimal number times `unit`, if that is whole. By hand, as at school, digit by digit from the right: the product
/// of any number of decimals is exact, and `0.0009765625MiB` is 1KiB.
fn times(number: &str, unit: u64) -> Result<u64, Inexact> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let mut carry = 0;
    for digit in fraction.bytes().rev() {
        let sum = u64::from(digit - b'0') * unit + carry;
        if !sum.is_multiple_of(10) {
            return Err(Inexact::Fine);
        }
        carry = sum / 10;
    }
    let whole: u64 = whole.parse().map_err(|_| Inexact::Large)?;
    whole.checked_mul(unit).and_then(|bytes| bytes.checked_add(carry)).ok_or(Inexact::Large)
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Bytes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size in quotes, like \"64KB\" or \"1.5MB\"")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Bytes, E> {
                text.parse().map_err(E::custom)
            }
        }
        from.deserialize_str(Text)
    }
}
impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Rate, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Rate;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rate in quotes, like \"10MB/s\" or \"1Gbit/s\"")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Rate, E> {
                text.parse().map_err(E::custom)
            }
        }
        from.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Units;
    use alloc::string::ToString;

    #[test]
    fn sizes_and_rates_read_back_as_they_were_written() {
        let mut numbers =
            alloc::vec![0, 1, 20, 999, 1_000, 1_500, 64_000, 1_500_000, 1_234_567_891, u64::MAX];
        for power in 1..64 {
            numbers.extend([(1 << power) - 1, 1 << power, 3 << (power - 1), (1 << power) + 1]);
        }
        for power in 0..20 {
            let ten = 10_u64.pow(power);
            numbers.extend([ten - 1, ten, ten + ten / 10, ten + ten / 1_000, ten + ten / 10_000]);
        }
        for number in numbers {
            assert_eq!(Bytes(number).to_string().parse(), Ok(Bytes(number)));
            if number > 0 {
                assert_eq!(Rate(number).to_string().parse(), Ok(Rate(number)));
            }
        }
    }

    #[test]
    fn a_size_means_what_it_says() {
        for (text, bytes) in [
            ("20B", 20),
            ("64KB", 64_000),
            ("1.5MB", 1_500_000),
            ("2GB", 2_000_000_000),
            ("0.25TB", 250_000_000_000),
            ("1KiB", 1_024),
            ("1MiB", 1_048_576),
            ("1.5GiB", 1_610_612_736),
            ("0.0009765625MiB", 1_024),
            ("0.999999999068677425384521484375GiB", (1 << 30) - 1),
            ("7.000000000000000000000000000000000000000000B", 7),
            ("18446744073709551615B", u64::MAX),
            ("18446744.073709551615TB", u64::MAX),
        ] {
            assert_eq!(text.parse(), Ok(Bytes(bytes)), "{text}");
        }
    }

    #[test]
    fn a_rate_means_what_it_says() {
        for (text, bytes) in [
            ("10MB/s", 10_000_000),
            ("64KiB/s", 65_536),
            ("1Tbit/s", 125_000_000_000),
            ("1Gbit/s", 125_000_000),
            ("2.5Gbit/s", 312_500_000),
            ("100Mbit/s", 12_500_000),
            ("512Kbit/s", 64_000),
            ("0.008Kbit/s", 1),
        ] {
            assert_eq!(text.parse(), Ok(Rate(bytes)), "{text}");
        }
    }

    #[test]
    fn a_size_is_written_short() {
        for (bytes, text) in [
            (0, "0B"),
            (999, "999B"),
            (1_000, "1KB"),
            (1_001, "1.001KB"),
            (1_024, "1KiB"),
            (65_536, "64KiB"),
            (1_500_000, "1.5MB"),
            (1_572_864, "1536KiB"),
            (1_234_567, "1234.567KB"),
            (3 << 30, "3GiB"),
            (1 << 63, "8589934592GiB"),
            (2_048_000, "2.048MB"),
            (1_048_576_000, "1048.576MB"),
            (1_000_001_000, "1000.001MB"),
            (1_250_000_000_000, "1.25TB"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), text);
        }
        assert_eq!(Rate(12_500_000).to_string(), "12.5MB/s");
        assert_eq!(format!("{:>8}|{:<8}|", Bytes(64_000), Rate(20)), "    64KB|20B/s   |");
    }

    #[test]
    fn what_is_no_size_is_refused_with_what_would_do() {
        let says = |text: &str| text.parse::<Bytes>().expect_err("refused");
        let shape = "is not a size: write a number and a unit, like \"64KB\" or \"1.5MB\"";
        for text in ["", "KB", "-5KB", ".5KB", "5.KB", "1.2.3KB", "1..5KB", "."] {
            assert_eq!(says(text), format!("`{text}` {shape}"));
        }
        assert_eq!(says("64"), "`64` has no unit: write \"64B\" or \"64KB\"");
        assert_eq!(says("10MB/s"), "`10MB/s` is a rate and not a size: write \"10MB\"");
        for (text, unit) in [("5kb", "kb"), ("5 KB", " KB"), ("5Mbit", "Mbit"), ("5k", "k")] {
            assert_eq!(
                says(text),
                format!("`{unit}` is not a unit of size: use B, KB, MB, GB, TB, KiB, MiB or GiB")
            );
        }
        for text in ["0.5B", "1.0005KB", "0.3KiB", "0.0000000000000000000000000000000000000001TB"] {
            assert_eq!(says(text), format!("`{text}` is not a whole number of bytes"));
        }
        for text in ["18446744073709551616B", "99999999999999999999KB", "18446744.073709551616TB"] {
            assert_eq!(says(text), format!("`{text}` is more than 64 bits can count, 18446744TB"));
        }
    }

    #[test]
    fn what_is_no_rate_is_refused_with_what_would_do() {
        let says = |text: &str| text.parse::<Rate>().expect_err("refused");
        for text in ["", "MB/s", "-5MB/s", "1.2.3MB/s", "fast"] {
            let shape = "is not a rate: write a number and a unit, like \"10MB/s\" or \"1Gbit/s\"";
            assert_eq!(says(text), format!("`{text}` {shape}"));
        }
        assert_eq!(says("10MB"), "`10MB` has no `/s`: write \"10MB/s\"");
        assert_eq!(says("10Mbit"), "`10Mbit` has no `/s`: write \"10Mbit/s\"");
        for text in ["10", "10/s"] {
            assert_eq!(says(text), format!("`{text}` has no unit: write \"10MB/s\" or \"10Mbit/s\""));
        }
        for (text, unit) in [("5Mbps", "Mbps"), ("5MB/sec", "MB/sec"), ("5Mb/s", "Mb/s"), ("8bit/s", "bit/s")]
        {
            let message = says(text);
            assert!(message.starts_with(&format!("`{unit}` is not a unit of rate: use B/s, ")), "{message}");
        }
        for text in ["1.5Kbit/s", "0.5B/s"] {
            assert_eq!(says(text), format!("`{text}` is not a whole number of bytes per second"));
        }
        for text in ["0B/s", "0.0Gbit/s"] {
            let nothing = "nothing ever arrives: write a rate above 0, like \"10MB/s\"";
            assert_eq!(says(text), format!("at `{text}` {nothing}"));
        }
        assert!(says("18446745TB/s").contains("64 bits"));
    }

    #[test]
    fn sizes_and_rates_are_text_in_a_file() {
        let read = |text| serde_json::from_str::<(Bytes, Rate)>(text);
        let pair = (Bytes(64_000), Rate(125_000_000));
        assert_eq!(read(r#"["64KB", "1Gbit/s"]"#).expect("valid"), pair);
        assert_eq!(serde_json::to_string(&pair).expect("plain data"), r#"["64KB","125MB/s"]"#);
        let says = |text| read(text).expect_err("refused").to_string();
        assert!(says(r#"[64, "1Gbit/s"]"#).contains("expected a size in quotes"));
        assert!(says(r#"["64KB", 5]"#).contains("expected a rate in quotes"));
        assert!(says(r#"["64KB", "1Gbit"]"#).contains("has no `/s`"));
    }

    #[test]
    fn bytes_take_as_long_as_their_last_bit() {
        assert_eq!(Rate(125_000_000).time(1_000_000), 8.ms());
        assert_eq!(Rate(1_000_000_000).time(7), 7.ns());
        assert_eq!([1, 2, 3, 4].map(|bytes| Rate(3_000_000_000).time(bytes)), [1, 1, 1, 2].map(Span));
        assert_eq!(Rate(u64::MAX).time(1), 1.ns());
        assert_eq!(Rate(u64::MAX).time(u64::MAX), 1.s());
        assert_eq!(Rate(1).time(18_446_744_073), 18_446_744_073.s());
        assert_eq!(Rate(1).time(18_446_744_074), Span::MAX);
        assert_eq!(Rate(1).time(u64::MAX), Span::MAX);
        assert_eq!([Rate(0).time(1), Rate(0).time(0), Rate(1).time(0)], [Span::MAX, Span::ZERO, Span::ZERO]);
    }
}
