//! What the pages of the rooms say about the code is so: every limit of every table with its
//! default, and every state of every machine under its own name.
//!
//! ```text
//!   //! | [`line_bytes_max`] | 16,384 | … |    ◀─▶    Limits { line_bytes_max: 16384, … }
//!   //!   Idle ─send─▶ Lines …                 ◀─▶    enum Stage { Idle, Lines(Lines), … }
//! ```

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;
use wirewright::transfer::Code;

fn source(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(path)).unwrap()
}

/// The head of a file: the lines of `//!`, without that.
fn head(path: &str) -> String {
    let lines = source(path);
    let head = lines.lines().map_while(|line| line.strip_prefix("//!"));
    head.map(|line| format!("{}\n", line.trim_start())).collect()
}

/// The rows of the tables in a head that begin with a linked name: name, then the other columns.
fn rows(path: &str) -> Vec<Vec<String>> {
    let head = head(path);
    let rows = head.lines().filter(|line| line.starts_with("| [`") && line.contains("`]"));
    rows.map(|row| {
        let columns = row.trim_matches('|').split('|').map(|column| column.trim().to_owned());
        let mut columns: Vec<String> = columns.collect();
        columns[0] = columns[0].split('`').nth(1).unwrap().to_owned();
        columns
    })
    .collect()
}

/// The numbers and times of a `Limits`, as its `Debug` shows them.
fn defaults(limits: &dyn Debug) -> BTreeMap<String, String> {
    let shown = format!("{limits:#?}");
    let fields =
        shown.lines().filter_map(|line| line.trim().trim_end_matches(',').split_once(": "));
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A number or a time as it stands in a table, written as `Debug` does.
fn plain(cell: &str) -> String {
    match cell {
        "none" => u64::MAX.to_string(),
        _ => cell.replace([',', ' '], ""),
    }
}

/// The limits in that column of the tables of a page are these, all of them, with their defaults.
fn assert_limits(path: &str, column: usize, limits: &dyn Debug) {
    let defaults = defaults(limits);
    let mut told = BTreeMap::new();
    for row in rows(path) {
        let is_limit = row.len() > column && defaults.contains_key(&row[0]);
        if is_limit && row[column] != "–" {
            told.insert(row[0].clone(), plain(&row[column]));
        }
    }
    assert_eq!(told, defaults, "{path}");
}

#[test]
fn the_tables_of_limits_are_those_of_the_code() {
    assert_limits("envelope/mod.rs", 1, &wirewright::envelope::Limits::default());
    assert_limits("transfer/mod.rs", 1, &wirewright::transfer::client::Limits::default());
    assert_limits("transfer/mod.rs", 2, &wirewright::transfer::server::Limits::default());
    assert_limits("transfer/form.rs", 1, &wirewright::transfer::form::LIMITS);
    assert_limits("transfer/classic.rs", 1, &wirewright::transfer::classic::Limits::default());
    assert_limits("http/mod.rs", 1, &wirewright::http::config::Limits::default());
    assert_limits("mime/mod.rs", 1, &wirewright::mime::Limits::default());
    assert_limits("smtp/mod.rs", 1, &wirewright::smtp::config::Limits::default());
    assert_limits("daytime.rs", 1, &wirewright::daytime::Limits::default());
    assert_limits("datagram.rs", 1, &wirewright::datagram::Limits::default());
}

/// The one table of limits of the protocol: each number stands there as the code has it.
#[test]
fn the_limits_of_the_protocol_are_those_of_the_code() {
    use wirewright::name;
    use wirewright::transfer::form::LIMITS;
    use wirewright::transfer::{client, frame, server};
    let document = source("transfer/PROTOCOL.md");
    let (_, section) = document.split_once("\n## 13 Limits").unwrap();
    let table = section.split("\n## ").next().unwrap();
    let server = server::Limits::default();
    let entries = client::Limits::default().list_entries_max;
    for (row, numbers) in [
        (
            "`N` of a frame",
            vec![frame::FRAME_BYTES_HELLO_MAX.into(), frame::FRAME_BYTES_END.into()],
        ),
        ("`versions`", vec![LIMITS.versions_max as u64]),
        ("`digests`", vec![LIMITS.digests_max as u64]),
        ("the name of a digest", vec![LIMITS.digest_name_bytes_max as u64]),
        ("`agent`", vec![LIMITS.agent_bytes_max as u64]),
        ("`name`", vec![name::NAME_BYTES_MAX as u64, name::SEGMENT_BYTES_MAX as u64]),
        ("`modified`", vec![LIMITS.modified_bytes_max as u64]),
        ("`entries` of one page", vec![LIMITS.page_entries_max as u64]),
        ("entries of one listing", vec![entries]),
        ("requests that wait", vec![server.pending_max as u64]),
        ("`code`", vec![LIMITS.code_bytes_max as u64]),
        ("`text`", vec![LIMITS.text_bytes_max as u64]),
    ] {
        let line = table.lines().find(|line| line.starts_with(&format!("| {row}")));
        let line = line.unwrap_or_else(|| panic!("no row {row}"));
        let limit = line.split('|').nth(2).unwrap().replace(',', "");
        for number in numbers {
            let mut words = limit.split(|c: char| !c.is_ascii_digit());
            assert!(words.any(|word| word == number.to_string()), "{line}: {number}");
        }
    }
}

/// What a server may limit beyond the messages: how many gets with an offset may take nothing, and
/// the memory of all connections. The number is that of the code, and the codes are registered.
#[test]
fn the_limits_of_a_server_are_in_the_protocol() {
    let document = source("transfer/PROTOCOL.md");
    let resumes = source("net/transfer/serve/resumes.rs");
    let (_, number) = resumes.split_once("const RESUMES_MAX: u32 = ").unwrap();
    let number = number.split(';').next().unwrap();
    let row = |begin: &str, words: &str| {
        let found = document.lines().find(|line| line.starts_with(begin) && line.contains(words));
        found.unwrap_or_else(|| panic!("no row {begin} with {words}")).to_owned()
    };
    let limit = row("| gets with an offset", "§7.2");
    assert!(limit.contains(&format!("| {number} on a connection")), "{limit}");
    let chunk = wirewright::transfer::sender::CHUNK_BYTES;
    let (_, section) = document.split_once("\n2. `get` with `offset`").unwrap();
    let section = section.split("\n3. ").next().unwrap().replace(',', "");
    assert!(section.contains(number) && section.contains(&chunk.to_string()), "{section}");
    row("| `bad_offset` |", "(§7.2)");
    assert!(row("| memory of all connections", "").contains("`busy`, fatal"));
    row("| `busy` | server | yes | no |", "too much memory");
    row("| `busy` | server | no | yes |", "too many files");
}

/// The registry names each code that is known, and no other.
#[test]
fn the_registry_of_errors_is_that_of_the_code() {
    let document = source("transfer/PROTOCOL.md");
    let (_, section) = document.split_once("| code | from |").unwrap();
    let rows = section.lines().skip(2).take_while(|line| line.starts_with("| `"));
    let codes = rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2));
    let told: std::collections::BTreeSet<&str> = codes.collect();
    let known = Code::ALL.into_iter().map(Code::as_str).collect();
    assert_eq!(told, known);
}

#[cfg(feature = "net")]
#[test]
fn the_tables_of_the_world_are_those_of_the_code() {
    use wirewright::net::files::Sources;
    use wirewright::net::transfer::server;
    use wirewright::net::transport::{dial, names};
    use wirewright::net::{connection, files, http, mail, reactor};
    assert_limits("net/mod.rs", 1, &connection::Limits::default());
    assert_limits("net/transport/dial.rs", 1, &dial::Limits::default());
    assert_limits("net/transport/names.rs", 1, &names::Limits::default());
    assert_limits("net/files/mod.rs", 1, &files::Limits::default());
    let told = |path, name: &str| {
        let row = rows(path).into_iter().find(|row| row[0] == name);
        plain(&row.unwrap_or_else(|| panic!("{path} does not tell {name}"))[1])
    };
    let page = "net/files/mod.rs";
    assert_eq!(told(page, "SEGMENT_BYTES_MIN"), files::SEGMENT_BYTES_MIN.to_string());
    assert_eq!(told(page, "ANONYMOUS_BYTES_MAX"), files::ANONYMOUS_BYTES_MAX.to_string());
    assert_eq!(told(page, "WRITE_BEHIND_FROM"), files::WRITE_BEHIND_FROM.to_string());
    assert_eq!(told(page, "ETAG_BYTES_MAX"), files::ETAG_BYTES_MAX.to_string());

    let (page, options) = ("net/http/mod.rs", http::Options::default());
    assert_eq!(told(page, "in_flight_max"), options.in_flight_max.to_string());
    assert_eq!(told(page, "per_host_max"), options.per_host_max.to_string());
    assert_eq!(told(page, "discard_bytes_max"), options.discard_bytes_max.to_string());
    let collected = http::Client::COLLECTED_BYTES_MAX;
    assert_eq!(told(page, "COLLECTED_BYTES_MAX"), collected.to_string());

    let options = server::Options::new(Sources::Files(files::Root::open("src".as_ref()).unwrap()));
    let page = "net/transfer/server.rs";
    assert_eq!(told(page, "connections_max"), options.connections_max.to_string());
    assert_eq!(told(page, "grace"), format!("{:?}", options.grace));

    let options = mail::Options::new(mail::Server::parse("smtps://mail.example").unwrap());
    assert_eq!(told("net/mail/mod.rs", "connections_max"), options.connections_max.to_string());

    let connect = reactor::ConnectOptions::default();
    assert_eq!(told("net/reactor/mod.rs", "name_wait"), format!("{:?}", connect.name_wait));
}

#[test]
fn a_wrong_table_is_caught() {
    let wrong = wirewright::daytime::Limits { line_bytes_max: 513, ..Default::default() };
    let caught = std::panic::catch_unwind(|| assert_limits("daytime.rs", 1, &wrong));
    assert!(caught.is_err());
    assert_eq!(plain("1,048,576"), "1048576");
    assert_eq!(plain("20 µs"), format!("{:?}", std::time::Duration::from_micros(20)));
}

/// The names of the variants of an enum, as its file writes them.
fn variants(path: &str, name: &str) -> Vec<String> {
    let source = source(path);
    let after = source.split_once(&format!("enum {name} {{\n")).map(|(_, after)| after);
    let body = after.and_then(|after| after.split_once("\n}")).map(|(body, _)| body);
    let lines = body.unwrap_or_else(|| panic!("no {name} in {path}")).lines();
    let variant = |line: &str| {
        let line = line.strip_prefix("    ").filter(|line| line.starts_with(char::is_uppercase))?;
        Some(line.split(|c: char| !c.is_alphanumeric()).next()?.to_owned())
    };
    lines.filter_map(variant).collect()
}

#[test]
fn the_charts_name_every_state_as_the_code_does() {
    let machines = [
        ("envelope/mod.rs", "envelope/scan.rs", "ScanState"),
        ("transfer/mod.rs", "transfer/client/state.rs", "State"),
        ("transfer/mod.rs", "transfer/client/state.rs", "Step"),
        ("transfer/mod.rs", "transfer/server/state.rs", "State"),
        ("transfer/mod.rs", "transfer/server/state.rs", "Active"),
        ("transfer/mod.rs", "transfer/classic.rs", "Sending"),
        ("http/mod.rs", "http/exchange.rs", "Stage"),
        ("http/mod.rs", "http/exchange.rs", "Sending"),
        ("http/mod.rs", "http/message/chunked/state.rs", "State"),
        ("mime/mod.rs", "mime/writer.rs", "Step"),
        ("smtp/mod.rs", "smtp/client.rs", "Phase"),
        ("smtp/mod.rs", "smtp/client/transaction.rs", "Step"),
        ("smtp/mod.rs", "smtp/data.rs", "At"),
        ("daytime.rs", "daytime.rs", "ClientState"),
        ("datagram.rs", "datagram/receiver.rs", "Arrival"),
        ("session.rs", "session.rs", "Wants"),
        ("net/mod.rs", "net/connection/mod.rs", "Phase"),
    ];
    for (page, path, name) in machines {
        let page_words = head(page);
        let words: Vec<&str> = page_words.split(|c: char| !c.is_alphanumeric()).collect();
        let variants = variants(path, name);
        assert!(variants.len() >= 3, "{path}: {name} has {variants:?}");
        for variant in &variants {
            assert!(words.contains(&variant.as_str()), "{page} does not show {name}::{variant}");
        }
    }
}

/// A picture that is wider than its page is cut off on the right.
#[test]
fn the_pictures_fit_on_their_pages() {
    let files = ["lib", "session", "buffer", "daytime", "datagram"];
    let folders = ["envelope", "transfer", "http", "mime", "smtp", "net"].map(str::to_owned);
    let net = ["files", "transport", "connection", "reactor", "transfer", "http", "mail", "udp"];
    let folders = folders.into_iter().chain(net.map(|folder| format!("net/{folder}")));
    let pages = files.iter().map(|file| format!("{file}.rs"));
    for page in pages.chain(folders.map(|folder| format!("{folder}/mod.rs"))) {
        let text = source(&page);
        let mut is_picture = false;
        for line in text.lines().map_while(|line| line.strip_prefix("//!")) {
            is_picture ^= line.starts_with(" ```");
            let width = line.strip_prefix(' ').unwrap_or(line).chars().count();
            assert!(!is_picture || width <= 92, "{page}: {width} columns: {line}");
        }
    }
}

/// The page of every protocol module has the same parts: purpose, specification, a grammar or a
/// picture of the bytes, states, limits.
#[test]
fn the_pages_of_the_modules_are_alike() {
    for module in ["envelope", "transfer", "http", "mime", "smtp", "datagram", "daytime"] {
        let file = [format!("{module}/mod.rs"), format!("{module}.rs")];
        let is_there =
            |path: &&String| Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(path).exists();
        let page = head(file.iter().find(is_there).unwrap());
        for part in ["What it is for: ", "pecification", "```text\n", "# States\n", "# Limits\n"] {
            assert!(page.contains(part), "{module}: {part}");
        }
    }
}

#[test]
fn the_readme_is_short_and_names_the_oldest_toolchain() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path| std::fs::read_to_string(root.join(path)).expect("a text");
    let (readme, manifest): (String, String) = (read("README.md"), read("Cargo.toml"));
    assert!(readme.lines().count() <= 200, "{} lines", readme.lines().count());
    let (_, version) = manifest.split_once("rust-version = \"").expect("a version");
    let version = version.split('"').next().unwrap_or_default();
    assert!(readme.contains(&format!("Rust {version} or later")), "{version}");
    let features = manifest.split("[features]").nth(1).and_then(|rest| rest.split("\n[").next());
    let features = features.expect("features").lines().filter_map(|line| line.split_once(" = "));
    for (feature, _) in features.filter(|(name, _)| *name != "default") {
        assert!(readme.contains(&format!("\n| `{feature}` | ")), "no feature {feature}");
    }
}
