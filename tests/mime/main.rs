//! Mail messages against tables of cases, golden files, limits, two readers of other makes (the
//! naive one of the fuzz oracle, and Python's `email`), and attempts to bring in a line end.

mod addresses;
mod contents;
mod fields;
mod golden;
#[path = "../support/installed.rs"]
mod installed;
mod limits;
#[path = "../../fuzz/oracles/mime.rs"]
mod oracle;
mod properties;
mod python;
mod writing;
