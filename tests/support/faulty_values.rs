//! Messages of the framed wire with one value that breaks a rule. `▶` stands before the byte that
//! an error points at: the first one of that value, or the closing brace where a member is missing.

/// A message, from the client or from the server, and the byte that an error points at.
pub struct Faulty {
    pub from_client: bool,
    /// The message is the hello: nothing comes before it.
    pub is_hello: bool,
    pub text: String,
    pub at: usize,
}

/// Messages of a client, or of a server.
fn of(from_client: bool, marked: &[String]) -> Vec<Faulty> {
    let faulty = |marked: &String| Faulty {
        from_client,
        is_hello: marked.contains("\"hello\""),
        text: marked.replace('▶', ""),
        at: marked.find('▶').expect("a mark"),
    };
    marked.iter().map(faulty).collect()
}

const NONCE: &str = "c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1";

fn hello(versions: &str, max_frame: &str, digests: &str, nonce: &str, more: &str) -> String {
    format!(
        "{{\"type\":\"hello\",\"versions\":{versions},\"max_frame\":{max_frame},\
         \"digests\":{digests},\"nonce\":{nonce}{more}}}"
    )
}

/// `count` times the same, the last of them marked.
fn list(of: &str, count: usize) -> String {
    format!("[{}▶{of}]", format!("{of},").repeat(count - 1))
}

fn of_clients() -> Vec<String> {
    let (good, long) = (format!("\"{NONCE}\""), "x".repeat(257));
    let mut marked = vec![
        hello("[1]", "▶65535", "[]", &good, ""),
        hello("[1]", "▶16777216", "[]", &good, ""),
        hello("[1]", "▶[]", "[]", &good, ""),
        hello("[1]", " ▶ {}", "[]", &good, "").replace("▶ ", " ▶"),
        hello("▶{}", "65536", "[]", &good, ""),
        hello("[1,▶[]]", "65536", "[]", &good, ""),
        hello("[1]", "65536", "[\"none\",▶{}]", &good, ""),
        hello("[1]", "65536", "[]", "▶\"c1\"", ""),
        hello("[1]", "65536", "[]", "▶\"C1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1\"", ""),
        hello(&list("1", 33), "65536", "[]", &good, ""),
        hello("[1]", "65536", &list("\"none\"", 33), &good, ""),
        hello("[1]", "65536", &format!("[\"none\",▶\"{}\"]", &long[..33]), &good, ""),
        hello("[1]", "65536", "[]", &good, &format!(",\"agent\":▶\"{long}\"")),
    ];
    marked.extend(
        [
            r#"{"type":"list","id":▶0}"#,
            r#"{"type":"list", "x":{"id":7}, "\u0069d" : ▶0}"#,
            r#"{"type":"list","id":▶[]}"#,
            r#"{"type":"list","id":▶{"id":1}}"#,
            r#"{"type":▶[],"id":1}"#,
            r#"{"type":"get","id":1,"name":"a","etag":▶""}"#,
            r#"{"type":"get","id":1,"name":"a","etag":▶"a b"}"#,
            r#"{"type":"get","id":1,"name":"a","offset":▶1}"#,
            r#"{"type":"put","id":1,"name":"a","size":1,"etag":▶"\u00e9","x":[0]}"#,
            r#"{"type":"put","id":1,"name":"a","size":1,"etag":"e","overwrite":▶{}}"#,
            r#"{"type":"end","id":1,"size":1,"digest":▶"sha256:00"}"#,
            r#"{"type":"chunk","id":1,"offset":0,"filedata":▶""}"#,
            r#"{"filedata":▶"" , "type":"chunk","id":1,"offset":0}"#,
            r#"{"type":"chunk","id":1,"offset":0▶}"#,
            r#"{"type":"chunk","id":1,"offset":0,"crc32":▶[],"filedata":"aGk="}"#,
            r#"{"filedata":"aGk=","type":"chunk","id":▶0,"offset":0}"#,
            r#"{"type":"chunk","id":▶0,"offset":0,"filedata":"aGk="}"#,
        ]
        .map(str::to_owned),
    );
    marked
}

fn of_servers() -> Vec<String> {
    let entry = r#"{"name":"a","size":1,"modified":"2026-11-21T18:43:00Z"}"#;
    let entries = |entries: &str, more: bool| {
        format!("{{\"type\":\"entries\",\"id\":1,\"more\":{more},\"entries\":{entries}}}")
    };
    let mut marked = vec![
        entries("▶[]", true),
        entries("▶{}", false),
        entries("[▶[]]", false),
        entries("[▶5]", false),
        entries(&format!("[{entry}, ▶[{entry}]]"), false),
        entries(&format!("[{entry},{}]", r#"{"name":▶[],"size":1,"modified":""}"#), false),
        entries(&format!("[{entry},{}]", r#"{"name":"b","size":▶{},"modified":""}"#), false),
        entries(&format!("[{entry},{}]", r#"{"name":"b","size":1▶}"#), false),
        entries(&list(entry, 4097), false),
        format!(
            "{{\"type\":\"hello\",\"version\":1,\"max_frame\":65536,\"digest\":▶\"{NONCE}x\"}}"
        ),
    ];
    marked.extend(
        [
            r#"{"type":"hello","version":1,"max_frame":▶1,"digest":"none"}"#,
            r#"{"type":"hello","version":1,"max_frame":65536,"digest":▶[]}"#,
            r#"{"type":"hello","version":1,"max_frame":65536,"digest":"none","nonce":▶""}"#,
            r#"{"type":"ready","id":▶0,"offset":0}"#,
            r#"{"type":"done","id":1,"size":0,"digest":▶"","durability":"none"}"#,
            r#"{"type":"file","id":1,"name":"a","size":1,"modified":"","etag":▶"","offset":0}"#,
        ]
        .map(str::to_owned),
    );
    marked
}

/// All of them.
pub fn faulty_values() -> Vec<Faulty> {
    let mut all = of(true, &of_clients());
    all.extend(of(false, &of_servers()));
    all
}
