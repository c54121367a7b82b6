//! Arguments that do not parse: one line with the error and the help command.
//!
//! ```text
//!   clap's error ─▶ the command that argv names, as deep as it goes ─▶ `udp send: …; see …`
//! ```

use super::report::Out;
use crate::args::Cli;
use crate::{Exit, Failure};
use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::{OsStr, OsString};

/// The arguments did not parse, or they asked for help.
pub fn unparsed(error: &clap::Error) -> Result<Exit, Failure> {
    let argv: Vec<OsString> = std::env::args_os().skip(1).collect();
    let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    match is_help || !asks_about_help(&argv) {
        true if is_help => print(&error.render().to_string()),
        true => Err(failure(error, &argv)),
        // As `wirewright --help`: it tells how to ask about each command.
        false => print(&Cli::command().render_long_help().to_string()),
    }
}

fn print(text: &str) -> Result<Exit, Failure> {
    let mut out = Out::new();
    out.raw(text)?;
    out.flush()?;
    Ok(Exit::Done)
}

/// Whether it is `help --help`, which clap takes for a command of that name.
fn asks_about_help(argv: &[OsString]) -> bool {
    let mut words = argv.iter().rev();
    words.next().is_some_and(|last| last == "--help" || last == "-h")
        && words.next().is_some_and(|word| word == "help")
}

/// The one line about arguments that did not parse.
fn failure(error: &clap::Error, argv: &[OsString]) -> Failure {
    let named = Named::of(argv);
    let place = if named.path.is_empty() { "wirewright" } else { &*named.path };
    let hint = match (suggestion(error), &*named.path) {
        (Some(meant), _) => format!("did you mean {meant}?"),
        (None, "get") if is_name_missing(error) => {
            "give NAME, DIR/ or --all; see wirewright get --help".to_owned()
        }
        (None, "") => "see wirewright --help".to_owned(),
        (None, path) => format!("see wirewright {path} --help"),
    };
    if let (Some(option), Some(command)) = (argv.first(), named.behind_option) {
        let what = format!("{} must come after the command", option.display());
        let hint = format!("see wirewright {command} --help");
        return Failure::usage("wirewright", what, hint);
    }
    match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let commands = named.commands.join(" or ");
            Failure::usage(place, format_args!("a command is missing: {commands}"), hint)
        }
        _ => Failure::usage(place, words(error), hint),
    }
}

/// The first paragraph of what the parser says, without its mark.
fn words(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let paragraph = text.split("\n\n").next().unwrap_or(&text);
    paragraph.strip_prefix("error: ").unwrap_or(paragraph).to_owned()
}

/// The options, commands or values that look like what was given, if any does.
fn suggestion(error: &clap::Error) -> Option<String> {
    let kinds =
        [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    match kinds.into_iter().find_map(|kind| error.get(kind))? {
        ContextValue::String(name) => Some(name.clone()),
        // clap orders suggestions by likelihood, the likeliest last.
        ContextValue::Strings(names) => {
            Some(names.iter().rev().map(String::as_str).collect::<Vec<_>>().join(" or "))
        }
        _ => None,
    }
}

/// Whether NAME is all that is missing. The parser does not say what may stand in its place.
fn is_name_missing(error: &clap::Error) -> bool {
    let missing = error.get(ContextKind::InvalidArg);
    matches!(missing, Some(ContextValue::Strings(names)) if *names == ["<NAME>..."])
}

/// The command that argv names.
#[derive(Debug, Default, PartialEq, Eq)]
struct Named {
    /// With the command below it, such as `udp send`; empty where there is none.
    path: String,
    /// The commands below it.
    commands: Vec<String>,
    /// The command, where an option stands before it.
    behind_option: Option<String>,
}

impl Named {
    fn of(argv: &[OsString]) -> Named {
        let is_option = |word: &OsStr| word.as_encoded_bytes().starts_with(b"-");
        let (mut command, mut path) = (&Cli::command(), Vec::new());
        let words = argv.iter().skip_while(|word| is_option(word));
        for below in words.map_while(|word| word.to_str()) {
            let Some(found) = command.find_subcommand(below) else { break };
            (command, _) = (found, path.push(found.get_name()));
        }
        let path = path.join(" ");
        let is_behind = argv.first().is_some_and(|word| is_option(word)) && !path.is_empty();
        let commands = command.get_subcommands().map(|below| below.get_name().to_owned());
        Named { behind_option: is_behind.then(|| path.clone()), commands: commands.collect(), path }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn argv_names_a_command_as_deep_as_it_goes() {
        for (argv, path, is_behind) in [
            (&["udp", "send", "--nix"][..], "udp send", false),
            (&["udp", "nix"], "udp", false),
            (&["time", "serve", "get"], "time serve", false),
            (&["get", "udp", "send"], "get", false),
            (&["--trace", "ls", "h:1"], "ls", true),
            (&["--trace"], "", false),
            (&["nix"], "", false),
            (&[], "", false),
        ] {
            let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
            let named = Named::of(&argv);
            assert_eq!((&*named.path, named.behind_option.is_some()), (path, is_behind));
        }
    }
}
