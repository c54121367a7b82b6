//! What the tests of the commands share: a server over a folder of its own, clients, contents.

pub use crate::command::{assert_fails, command, json, names_in, report};
use crate::process::{Ended, Process, run};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A server on a free port, and what it serves.
pub struct Served {
    pub folder: TempDir,
    pub process: Process,
    pub address: String,
}

/// Serves a folder that goes away with it.
pub fn serve(args: &[&str]) -> Served {
    serve_folder(tempfile::tempdir().unwrap(), args)
}

/// Serves a folder that is there already.
pub fn serve_folder(folder: TempDir, args: &[&str]) -> Served {
    let args = [&["serve", ".", "--listen", "127.0.0.1:0"], args].concat();
    let mut process = Process::start(&mut command(folder.path(), &args));
    let address = process.address();
    Served { folder, process, address }
}

impl Served {
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Runs `wirewright VERB ADDRESS ARGS…` in a folder.
    pub fn client(&self, folder: &Path, verb: &str, args: &[&str]) -> Ended {
        let args = [&[verb, self.address.as_str()], args].concat();
        run(&mut command(folder, &args))
    }

    /// `get --json` that has to succeed: its report.
    pub fn get(&self, folder: &Path, args: &[&str]) -> Value {
        report(&self.client(folder, "get", &[&["--json"], args].concat()))
    }

    /// `put --json` that has to succeed: its report.
    pub fn put(&self, folder: &Path, args: &[&str]) -> Value {
        report(&self.client(folder, "put", &[&["--json"], args].concat()))
    }
}

/// Pseudo-random bytes.
pub fn bytes(len: usize) -> Vec<u8> {
    let mut state = len as u64 ^ 0x9E37_79B9_7F4A_7C15;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    // A long file repeats a block, each time with its number in front.
    let block: Vec<u8> = (0..len.min(1 << 20)).map(|_| next()).collect();
    let mut all = Vec::with_capacity(len + block.len());
    while all.len() < len {
        all.extend_from_slice(&(all.len() as u64).to_be_bytes());
        all.extend_from_slice(&block);
    }
    all.truncate(len);
    all
}

pub fn sha256(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

pub fn blake3(bytes: &[u8]) -> String {
    format!("blake3:{}", blake3::hash(bytes).to_hex())
}
