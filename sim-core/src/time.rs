//! Simulated time: whole nanoseconds since the start of the run, and spans between two such moments.
//!
//! Integers, because a sum of floats depends on its order. 64 bits hold 584 years.

use alloc::{format, string::String};
use core::{
    fmt,
    ops::{Add, AddAssign, Mul, Range, Sub},
    str::FromStr,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment, in nanoseconds since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

/// A length of time, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

impl Time {
    /// The start of the run.
    pub const ZERO: Time = Time(0);
    /// A moment that never comes.
    pub const MAX: Time = Time(u64::MAX);

    /// Time since `earlier`; zero when `earlier` is in fact later.
    pub fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// Seconds since the start, for charts. Never for the simulation itself.
    pub fn as_secs(self) -> f64 {
        Span(self.0).as_secs()
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);
    /// The longest span; a timer set so far ahead never fires.
    pub const MAX: Span = Span(u64::MAX);

    /// Seconds, for charts and rates. Never for the simulation itself.
    pub fn as_secs(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Milliseconds, for people.
    pub fn as_millis(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

/// Sums stop at the end of time instead of wrapping: a deadline beyond it never comes.
impl Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}
impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}
impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}
impl Sub for Span {
    type Output = Span;
    fn sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}
impl Mul<u64> for Span {
    type Output = Span;
    fn mul(self, times: u64) -> Span {
        Span(self.0.saturating_mul(times))
    }
}

/// Literals that read aloud: `150.ms()..300.ms()`.
pub trait Units {
    /// Nanoseconds.
    fn ns(self) -> Span;
    /// Microseconds.
    fn us(self) -> Span;
    /// Milliseconds.
    fn ms(self) -> Span;
    /// Seconds.
    fn s(self) -> Span;
}
impl Units for u64 {
    fn ns(self) -> Span {
        Span(self)
    }
    fn us(self) -> Span {
        Span(1_000) * self
    }
    fn ms(self) -> Span {
        Span(1_000_000) * self
    }
    fn s(self) -> Span {
        Span(1_000_000_000) * self
    }
}

/// What a timer can be set to: a fixed span, or one drawn uniformly from a half-open range.
pub trait Wait {
    /// The span to wait, drawn from `rng` when it is not fixed.
    fn draw(self, rng: &mut crate::rng::Rng) -> Span;
}
impl Wait for Span {
    fn draw(self, _: &mut crate::rng::Rng) -> Span {
        self
    }
}
impl Wait for Range<Span> {
    fn draw(self, rng: &mut crate::rng::Rng) -> Span {
        Span(rng.range(self.start.0, self.end.0))
    }
}

const UNITS: [(&str, u64); 7] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("ns", 1),
];

/// Exact: `1.5ms` is `1500us`; written with the largest unit that needs at most three decimals.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, unit) = match self.0 {
            0 => return f.pad("0s"),
            n if n >= 1_000_000_000 => ("s", 1_000_000_000),
            n if n >= 1_000_000 => ("ms", 1_000_000),
            n if n >= 1_000 => ("us", 1_000),
            _ => ("ns", 1),
        };
        let (whole, rest) = (self.0 / unit, self.0 % unit);
        if rest == 0 {
            return f.pad(&format!("{whole}{name}"));
        }
        let decimals = format!("{:0width$}", rest, width = format!("{}", unit - 1).len());
        f.pad(&format!("{whole}.{}{name}", decimals.trim_end_matches('0')))
    }
}
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Span(self.0).fmt(f)
    }
}

/// Reads `250ms`, `1.5s`, `2m`; a unit is required, and a fraction finer than a nanosecond is refused.
impl FromStr for Span {
    type Err = String;
    fn from_str(text: &str) -> Result<Span, String> {
        let shape =
            || format!("`{text}` is not a duration: write a number and a unit, like \"250ms\" or \"1.5s\"");
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        if number.is_empty() || number.starts_with('.') || number.ends_with('.') {
            return Err(shape());
        }
        if unit.is_empty() {
            return Err(format!("`{text}` has no unit: write \"{text}ms\" or \"{text}s\""));
        }
        let Some(&(_, scale)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(format!("`{unit}` is not a unit of time: use ns, us, ms, s, m or h"));
        };
        let too_long = || format!("`{text}` is longer than the 584 years that a run can last");
        let too_fine = || format!("`{text}` is finer than a nanosecond");
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') {
            return Err(shape());
        }
        let whole: u64 = whole.parse().map_err(|_| too_long())?;
        let mut nanos = whole.checked_mul(scale).ok_or_else(too_long)?;
        let mut part = scale;
        for digit in fraction.bytes() {
            let digit = u64::from(digit - b'0');
            if !part.is_multiple_of(10) && digit != 0 {
                return Err(too_fine());
            }
            part /= 10;
            nanos = nanos.checked_add(digit * part).ok_or_else(too_long)?;
        }
        Ok(Span(nanos))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Span;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration in quotes, like \"250ms\" or \"1.5s\"")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Span, E> {
                text.parse().map_err(E::custom)
            }
        }
        from.deserialize_str(Text)
    }
}
impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Span(self.0).serialize(to)
    }
}
impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Time, D::Error> {
        Span::deserialize(from).map(|span| Time(span.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_duration_reads_back_as_it_was_written() {
        for nanos in
            [0, 1, 999, 1_000, 1_500, 250_000_000, 1_500_000_000, 60_000_000_000, 1_234_567_891, u64::MAX]
        {
            assert_eq!(Span(nanos).to_string().parse(), Ok(Span(nanos)));
        }
        assert_eq!("1.5ms".parse(), Ok(1_500.us()));
        assert_eq!("2m".parse(), Ok(120.s()));
        assert_eq!(1_500.us().to_string(), "1.5ms");
    }

    #[test]
    fn a_duration_without_a_unit_or_finer_than_a_nanosecond_is_refused() {
        for bad in [
            "",
            "5",
            "ms",
            "5 ms",
            "-5ms",
            ".5s",
            "5.s",
            "1.2.3s",
            "0.5ns",
            "5d",
            "99999999999999999999s",
            "600000000h",
        ] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }
}
