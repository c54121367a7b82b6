//! One voice for all that shows a conversation: `--trace` and `explain`.
//!
//! ```text
//!   -> out      <- in      ** a remark      ~> and <~ under TLS
//!   [2 bytes of filedata]                   what is left out, as its length
//! ```
//!
//! The colours are the same in both, and so is what is done to text of a peer. Colours are for
//! terminals; `NO_COLOR` in the environment, if not empty, and `TERM=dumb` turn them off.

use std::borrow::Cow;
use std::io::IsTerminal;
use wirewright::net::http::Mark;

/// What a piece of text is, which decides how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hue {
    /// As the terminal writes.
    Plain,
    /// What a side sent.
    Out,
    /// What it heard; the name of an event.
    In,
    /// A remark.
    Remark,
    /// What is refused.
    Bad,
    /// A state of a parser.
    State,
    /// A section of a specification.
    Section,
    /// What the eye may pass over.
    Faint,
    /// A heading.
    Strong,
    /// A byte that no character shows.
    Unseen,
    /// A byte that is not ASCII.
    High,
}

impl Hue {
    /// Its parameters of SGR, ECMA-48 §8.3.117.
    fn sgr(self) -> &'static str {
        match self {
            Hue::Plain => "",
            Hue::Out => "1;32",
            Hue::In => "1;36",
            Hue::Remark => "1;33",
            Hue::Bad => "1;31",
            Hue::State => "32",
            Hue::Section => "35",
            Hue::Faint => "2",
            Hue::Strong => "1",
            Hue::Unseen => "36",
            Hue::High => "33",
        }
    }
}

impl From<Mark> for Hue {
    fn from(mark: Mark) -> Hue {
        match mark {
            Mark::Out => Hue::Out,
            Mark::In => Hue::In,
            Mark::Remark => Hue::Remark,
        }
    }
}

/// When there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum When {
    /// On a terminal, unless the environment speaks against it.
    Auto,
    /// Also into a file or a pager.
    Always,
    /// Never.
    Never,
}

/// Colours text, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    is_on: bool,
}

impl Paint {
    /// For this stream, as it was asked.
    pub fn asked(when: When, stream: &impl IsTerminal) -> Paint {
        let is_on = match when {
            When::Auto => stream.is_terminal() && is_wanted(),
            When::Always => true,
            When::Never => false,
        };
        Paint { is_on }
    }

    /// The text in that colour. What comes from a peer has been [escaped](super::report::escape).
    pub fn paint(self, hue: Hue, text: &str) -> Cow<'_, str> {
        match self.is_on && hue != Hue::Plain && !text.is_empty() {
            true => Cow::Owned(format!("\x1b[{}m{text}\x1b[0m", hue.sgr())),
            false => Cow::Borrowed(text),
        }
    }
}

/// Whether the environment says nothing against colours.
fn is_wanted() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !is_set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_enclose_text_and_nothing_else() {
        let (on, off) = (Paint { is_on: true }, Paint { is_on: false });
        assert_eq!(on.paint(Hue::Bad, "no"), "\x1b[1;31mno\x1b[0m");
        assert_eq!(on.paint(Hue::Plain, "no"), "no");
        assert_eq!(on.paint(Hue::Bad, ""), "");
        assert_eq!(off.paint(Hue::Bad, "no"), "no");
    }
}
