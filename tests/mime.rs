//! Mail messages against tables of cases, golden files, limits, two readers of other makes (the
//! naive one of the fuzz oracle, and Python's `email`), and attempts to bring in a line end.

#[path = "mime/addresses.rs"]
mod addresses;
#[path = "mime/contents.rs"]
mod contents;
#[path = "mime/fields.rs"]
mod fields;
#[path = "mime/golden.rs"]
mod golden;
#[path = "shared/installed.rs"]
mod installed;
#[path = "mime/limits.rs"]
mod limits;
#[path = "../fuzz/oracles/mime.rs"]
mod oracle;
#[path = "mime/properties.rs"]
mod properties;
#[path = "mime/python.rs"]
mod python;
#[path = "mime/writing.rs"]
mod writing;
