//! Small file systems, for a disk that is full and for one that takes no files.

use std::path::PathBuf;
use std::process::Command;

/// A small file system at this path; it goes away again.
pub struct Mounted(pub PathBuf);

impl Mounted {
    /// Makes the directory, and mounts a tmpfs on it; `None` where that is not permitted.
    pub fn tmpfs(at: PathBuf, options: &str) -> Option<Mounted> {
        std::fs::create_dir(&at).unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", options, "none"]).arg(&at);
        match command.output() {
            Ok(output) if output.status.success() => Some(Mounted(at)),
            Ok(output) => {
                println!("mount: {}", String::from_utf8_lossy(&output.stderr).trim());
                None
            }
            Err(error) => {
                println!("mount: {error}");
                None
            }
        }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily: a server may still hold it.
        let done = Command::new("umount").arg("-l").arg(&self.0).status();
        println!("umount: {done:?}");
    }
}
