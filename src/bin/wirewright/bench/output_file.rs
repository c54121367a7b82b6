//! A file that is written beside the report: `--html` and `--csv`.

use crate::Failure;
use crate::output::destination::place;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use wirewright::net::files::Destination;
use wirewright::text::in_short;

pub struct OutputFile<'a> {
    path: &'a Path,
    file: Arc<File>,
    /// Whether the file is truncated first. A descriptor or a device is written at its offset.
    replaces: bool,
}

impl OutputFile<'_> {
    /// Opens the file before anything is measured, so that an unwritable path fails at once.
    pub fn open(path: &Path) -> Result<OutputFile<'_>, Failure> {
        if let Destination::Device(file) = place(path)? {
            return Ok(OutputFile { path, file, replaces: false });
        }
        let file = File::options().write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|error| {
            Failure::new(path.display(), in_short(&error), "give a file that can be written")
        })?;
        Ok(OutputFile { path, file: Arc::new(file), replaces: true })
    }

    pub fn write(&self, text: &str) -> Result<(), Failure> {
        let mut file = &*self.file;
        let emptied = if self.replaces { file.set_len(0) } else { Ok(()) };
        let written = emptied.and_then(|()| file.write_all(text.as_bytes()));
        written
            .map_err(|error| Failure::new(self.path.display(), error, "check the path of the file"))
    }
}
