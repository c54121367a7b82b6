//! What is to happen: both sides' configuration, the files of the server and the jobs of the
//! client.

use super::choices::Choices;
use super::content::Content;
use std::sync::Arc;
use wirewright::digest::DigestKind;
use wirewright::transfer::token::Token;
use wirewright::transfer::{client, server};

/// Names of files. The last is of none that the server has.
pub const NAMES: [&str; 5] = ["a", "b/c d", "ü/汇总 \"数据\"", LONG, "missing"];

/// Some of these are more than a small buffer takes at a time.
const LONG: &str = match std::str::from_utf8(&LONG_BYTES) {
    Ok(name) => name,
    Err(_) => panic!("ASCII"),
};

const LONG_BYTES: [u8; 1000] = {
    let mut bytes = [b'x'; 1000];
    (bytes[250], bytes[500], bytes[750]) = (b'/', b'/', b'/');
    bytes
};

/// Something the client is to do.
#[derive(Debug, Clone, Copy)]
pub enum Task {
    List,
    Get { name: &'static str },
    Put { name: &'static str, content: Content, overwrite: bool },
}

/// The beginning of a run.
pub struct Plan {
    pub client: client::Config,
    pub server: Arc<server::Config>,
    /// The digest both must agree on.
    pub digest: DigestKind,
    pub client_out: usize,
    pub server_out: usize,
    pub client_room: usize,
    pub server_room: usize,
    pub files: Vec<(&'static str, Content)>,
    pub tasks: Vec<Task>,
    /// How many requests may wait for an answer at a time.
    pub asked_max: usize,
}

const OUTS: [usize; 4] = [65_540, 2048, 20_000, 300_000];
const ROOMS: [usize; 4] = [4096, 64, 67, 65_536];
const FRAMES: [u32; 4] = [65_536, 65_537, 1 << 20, 70_000];

impl Plan {
    pub fn read(choices: &mut Choices<'_>) -> Plan {
        let how = choices.byte();
        let token = (how & 1 != 0).then(|| Token::new(b"open sesame"));
        let (client_digests, server_digests) = digests(choices.byte());
        let digest =
            *client_digests.iter().find(|kind| server_digests.contains(kind)).expect("one");
        let mut client = client::Config { token: token.clone(), ..client::Config::default() };
        let mut server = server::Config { token, ..server::Config::default() };
        (client.digests, server.digests) = (client_digests, server_digests);
        client.limits.frame_bytes_max = FRAMES[usize::from(how >> 1 & 3)];
        server.limits.frame_bytes_max = FRAMES[usize::from(how >> 3 & 3)];
        let sizes = choices.byte();
        let size = |from: &[usize; 4], shift: u8| from[usize::from(sizes >> shift & 3)];
        server.limits.pending_max = choices.pick(&[64, 1, 2, 3]);
        let files = files(choices);
        let tasks = tasks(choices);
        let puts = tasks.iter().any(|task| matches!(task, Task::Put { .. }));
        Plan {
            digest,
            client_out: size(&OUTS, 0),
            server_out: size(&OUTS, 2),
            client_room: size(&ROOMS, 4),
            server_room: size(&ROOMS, 6),
            // The chunks of a put stand behind the requests that follow it (PROTOCOL §4.3).
            asked_max: if puts { server.limits.pending_max } else { usize::MAX },
            client,
            server: Arc::new(server),
            files,
            tasks,
        }
    }

    /// So many rounds over a good link are enough, if the server has so many bytes of files.
    pub fn rounds_max(&self, bytes: usize) -> usize {
        let bytes = bytes + self.tasks.iter().map(Task::size).sum::<usize>();
        40 + self.tasks.len() * (20 + bytes / 1000)
    }
}

impl Task {
    fn size(&self) -> usize {
        match self {
            Task::Put { content, .. } => content.size(),
            Task::List | Task::Get { .. } => 0,
        }
    }
}

/// Two lists of digests with one in common.
fn digests(byte: u8) -> (Vec<DigestKind>, Vec<DigestKind>) {
    let [blake3, sha256, none] = DigestKind::ALL;
    match byte % 6 {
        0 => (vec![none], DigestKind::ALL.to_vec()),
        1 => (DigestKind::ALL.to_vec(), DigestKind::ALL.to_vec()),
        2 => (vec![sha256], vec![none, sha256]),
        3 => (vec![none, blake3], vec![blake3, none]),
        4 => (vec![blake3, sha256], vec![sha256]),
        _ => (DigestKind::ALL.to_vec(), vec![none]),
    }
}

fn files(choices: &mut Choices<'_>) -> Vec<(&'static str, Content)> {
    let count = choices.below(NAMES.len());
    NAMES[..count]
        .iter()
        .map(|name| (*name, Content::new(choices.byte(), choices.byte())))
        .collect()
}

fn tasks(choices: &mut Choices<'_>) -> Vec<Task> {
    let count = 1 + choices.below(5);
    let mut task = || {
        let byte = choices.byte();
        let name = NAMES[usize::from(byte >> 2) % NAMES.len()];
        match byte & 3 {
            0 => Task::List,
            1 | 2 => Task::Get { name },
            _ => {
                let content = Content::new(choices.byte(), choices.byte());
                Task::Put { name, content, overwrite: byte & 0x80 != 0 }
            }
        }
    };
    (0..count).map(|_| task()).collect()
}
