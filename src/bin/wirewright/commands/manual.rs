//! `wirewright completions` and `wirewright man`: what the argument definitions say, for a shell
//! and for `man`.
//!
//! Both are generated when they are asked for, from the definitions that parse the arguments, so
//! they describe the options of this very binary.

use crate::args::Cli;
use crate::output::report::Out;
use crate::{Exit, Failure};
use clap::CommandFactory as _;
use clap_complete::Shell;

/// Prints the completion script of a shell.
pub fn completions(shell: Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "wirewright", &mut script);
    print(&script)
}

/// Prints one manual page in roff: of wirewright, or of the command that `path` names.
pub fn page(path: &[String]) -> Result<Exit, Failure> {
    let mut root = Cli::command();
    // Names the pages of subcommands `wirewright-get` and so on.
    root.build();
    let command = path.iter().try_fold(&root, |command, name| command.find_subcommand(name));
    let command = command.filter(|command| !command.is_hide_set()).ok_or_else(|| {
        let what = format!("there is no command {}", path.join(" "));
        Failure::usage("man", what, "see wirewright --help for the commands")
    })?;
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(command.clone()).render(&mut page);
    rendered.map_err(|error| Failure::stdout(&error))?;
    print(&page)
}

fn print(bytes: &[u8]) -> Result<Exit, Failure> {
    let mut out = Out::new();
    out.raw(&String::from_utf8_lossy(bytes))?;
    out.flush()?;
    Ok(Exit::Done)
}
