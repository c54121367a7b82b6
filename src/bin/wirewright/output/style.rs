//! The style of all that shows a conversation: `--trace` and `explain`.
//!
//! ```text
//!   -> out      <- in      ** a remark      ~> and <~ under TLS
//!   [2 bytes of filedata]                   what is left out, as its length
//! ```
//!
//! Both have the same colours, and escape text of a peer in the same way. Colours are for
//! terminals; `NO_COLOR` in the environment, if not empty, and `TERM=dumb` turn them off.

use std::borrow::Cow;
use std::io::IsTerminal;
use wirewright::net::http::Mark;

/// What a piece of text is; it decides the colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hue {
    /// The default colour.
    Plain,
    /// What a side sent.
    Out,
    /// What a side received; the name of an event.
    In,
    /// A remark.
    Remark,
    /// An error.
    Bad,
    /// A state of a parser.
    State,
    /// A section of a specification.
    Section,
    /// Text of little importance.
    Faint,
    /// A heading.
    Strong,
    /// A byte that is no visible character.
    Unseen,
    /// A byte that is not ASCII.
    High,
}

impl Hue {
    /// The parameters of SGR, ECMA-48 §8.3.117.
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

/// When text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum When {
    /// On a terminal, unless the environment speaks against it.
    Auto,
    /// Also into a file or a pager.
    Always,
    /// Never.
    Never,
}

/// Colours text if colours are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    is_on: bool,
}

impl Paint {
    /// For `stream`, as the options say.
    pub fn asked(when: When, stream: &impl IsTerminal) -> Paint {
        let is_on = match when {
            When::Auto => stream.is_terminal() && is_wanted(),
            When::Always => true,
            When::Never => false,
        };
        Paint { is_on }
    }

    /// The text in that colour. Text of a peer has to be escaped before.
    pub fn paint(self, hue: Hue, text: &str) -> Cow<'_, str> {
        match self.is_on && hue != Hue::Plain && !text.is_empty() {
            true => Cow::Owned(format!("\x1b[{}m{text}\x1b[0m", hue.sgr())),
            false => Cow::Borrowed(text),
        }
    }
}

/// Whether the environment permits colours.
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
