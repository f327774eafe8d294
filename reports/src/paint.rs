//! Colours of the terminal, where the caller wants them.

use sim_core::judged::Status;

/// Whether to colour at all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(pub(crate) bool);

/// What a piece of text is to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    Plain,
    Bold,
    Dim,
    Green,
    Yellow,
    Red,
    Cyan,
}

impl Ink {
    /// The colour of a verdict.
    pub(crate) fn of(status: Status) -> Ink {
        match status {
            Status::Held => Ink::Green,
            Status::Undecided => Ink::Cyan,
            Status::Vacuous => Ink::Yellow,
            Status::Failed => Ink::Red,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Ink::Plain => "",
            Ink::Bold => "1",
            Ink::Dim => "2",
            Ink::Green => "32",
            Ink::Yellow => "33",
            Ink::Red => "31",
            Ink::Cyan => "36",
        }
    }
}

impl Paint {
    /// The text in that colour, or as it is.
    pub(crate) fn ink(self, ink: Ink, text: &str) -> String {
        if self.0 && ink != Ink::Plain {
            format!("\u{1b}[{}m{text}\u{1b}[0m", ink.code())
        } else {
            text.into()
        }
    }
}
