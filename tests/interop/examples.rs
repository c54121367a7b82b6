//! The pages of `examples/`, run against each other as their opening comments say.

use crate::installed::has_program;
use crate::process::{Ended, Process, run, wait_for};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use wirewright::daytime::Moment;

/// A built example: it stands in `examples` beside the folder of this very test. `cargo test`
/// builds them; `cargo test --test interop` alone does not, and then it is done here.
fn example(name: &str) -> Command {
    static BUILT: Mutex<()> = Mutex::new(());
    let this = std::env::current_exe().unwrap();
    let profile = this.ancestors().nth(2).unwrap();
    let built = profile.join("examples").join(name);
    // A test that panicked here has not made anything worse for the others.
    let guard = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if !built.exists() {
        let name = profile.file_name().unwrap().to_str().unwrap();
        let name = if name == "debug" { "dev" } else { name };
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--locked", "--examples", "--profile", name, "--target-dir"]);
        cargo.arg(profile.parent().unwrap()).current_dir(env!("CARGO_MANIFEST_DIR"));
        assert!(cargo.status().unwrap().success(), "{cargo:?}");
    }
    drop(guard);
    let mut command = Command::new(built);
    command.stdin(Stdio::null());
    command
}

fn good(command: &mut Command) -> String {
    let ended = run(command);
    assert!(ended.status.success(), "{command:?}: {}", ended.stderr);
    String::from_utf8(ended.stdout).unwrap()
}

fn listening(command: &mut Command) -> (Process, String) {
    let mut server = Process::start(command);
    let address = server.address();
    (server, address)
}

fn page(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)).unwrap()
}

#[test]
fn classic_client_visits_classic_server() {
    let itself = format!("{}/examples/classic_server.rs", env!("CARGO_MANIFEST_DIR"));
    let (_server, address) =
        listening(example("classic_server").args([itself.as_str(), "127.0.0.1:0"]));
    let to = tempfile::tempdir().unwrap();
    let said = good(example("classic_client").arg(&address).arg(to.path()));
    assert!(said.contains("classic_server.rs: ") && said.ends_with(" bytes\n"), "{said}");
    assert_eq!(
        std::fs::read(to.path().join("classic_server.rs")).unwrap(),
        page("classic_server.rs")
    );
}

/// Sends bytes, ends the sending half, and reads to the end.
fn answer(address: &str, bytes: &[u8]) -> Vec<u8> {
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    socket.write_all(bytes).unwrap();
    socket.shutdown(std::net::Shutdown::Write).unwrap();
    let mut came = Vec::new();
    socket.read_to_end(&mut came).unwrap();
    came
}

#[test]
fn echo_lines_sends_lines_back() {
    let (_server, address) = listening(example("echo_lines").arg("127.0.0.1:0"));
    assert_eq!(answer(&address, b"hello\n\nworld\nrest"), b"hello\n\nworld\n");
    let line = |len: usize| [vec![b'x'; len - 1], b"\n".to_vec()].concat();
    assert_eq!(answer(&address, &line(1000)), line(1000));
    // A line that is too long ends the connection; what came before it is answered.
    assert_eq!(answer(&address, &[line(5), line(1001), line(5)].concat()), line(5));
    let many = line(100).repeat(10_000);
    let socket = std::net::TcpStream::connect(&address).unwrap();
    let (mut sending, bytes) = (socket.try_clone().unwrap(), many.clone());
    let sender = std::thread::spawn(move || {
        sending.write_all(&bytes).unwrap();
        sending.shutdown(std::net::Shutdown::Write).unwrap();
    });
    let mut came = Vec::new();
    (&socket).read_to_end(&mut came).unwrap();
    sender.join().unwrap();
    assert!(came == many, "{} bytes came back", came.len());
}

#[test]
fn framed_client_visits_framed_server() {
    let folder = format!("{}/examples", env!("CARGO_MANIFEST_DIR"));
    let (_server, address) = listening(example("framed_server").args([&folder, "127.0.0.1:0"]));
    let to = tempfile::tempdir().unwrap();
    let said = good(example("framed_client").arg(&address).arg(to.path()));
    let served = std::fs::read_dir(&folder).unwrap();
    let names: Vec<String> = served
        .filter(|entry| entry.as_ref().unwrap().file_type().unwrap().is_file())
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.len() >= 7, "{names:?}");
    for name in &names {
        assert!(said.contains(&format!("{name}: ")), "{said}");
        assert_eq!(std::fs::read(to.path().join(name)).unwrap(), page(name));
    }
    let one = tempfile::tempdir().unwrap();
    good(example("framed_client").arg(&address).arg(one.path()).arg("README.md"));
    assert_eq!(std::fs::read_dir(one.path()).unwrap().count(), 1);
    let ended = run(example("framed_client").arg(&address).arg(one.path()).arg("no such"));
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stderr.contains("no such: "), "{}", ended.stderr);
}

/// A starts with the files; B fetches them from A, which ends; C gets all of them from B.
#[test]
fn what_a_node_has_fetched_it_serves() {
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let [a, b, c] = folders.each_ref().map(tempfile::TempDir::path);
    std::fs::create_dir(a.join("deep")).unwrap();
    let files = [("hello.txt", 6), ("empty", 0), ("deep/large", 1_000_003)];
    let content = |len: usize| (0..len).map(|at| (at * 7 + at / 251) as u8).collect::<Vec<u8>>();
    for (name, len) in files {
        std::fs::write(a.join(name), content(len)).unwrap();
    }
    let node = |folder: &Path, peers: &[&str]| {
        listening(example("peer_node").arg(folder).arg("127.0.0.1:0").args(peers))
    };
    let has_all = |folder: &Path| {
        let is_there = |name: &str, len: usize| {
            std::fs::read(folder.join(name)).is_ok_and(|bytes| bytes == content(len))
        };
        files.iter().all(|(name, len)| is_there(name, *len)).then_some(())
    };
    let (first, at_first) = node(a, &[]);
    let (_second, at_second) = node(b, &[&at_first]);
    wait_for("all files at the second node", || has_all(b));
    drop(first);
    let (_third, at_third) = node(c, &[&at_first, &at_second]);
    wait_for("all files at the third node", || has_all(c));

    // And to a client that knows nothing of nodes it is a server like any other.
    let to = tempfile::tempdir().unwrap();
    let said = good(example("framed_client").arg(&at_third).arg(to.path()));
    assert_eq!(said.lines().count(), files.len(), "{said}");
    wait_for("all files at the client", || has_all(to.path()));
}

#[test]
fn the_web_pages_visit_the_gateway() {
    if !has_program("python3", "--version", "the_web_pages_visit_the_gateway") {
        return;
    }
    let gateway = format!("{}/examples/gateway.py", env!("CARGO_MANIFEST_DIR"));
    let (_server, address) = listening(Command::new("python3").args([&gateway, "0"]));
    let to = tempfile::tempdir().unwrap();
    let api = format!("http://{address}/meinv/?key=APIKey&num=3");
    let said = good(example("picture_downloader").arg(api).arg(to.path()));
    for name in ["1.png", "2.png", "3.png"] {
        assert!(said.contains(&format!("{name}: ")), "{said}");
        let picture = std::fs::read(to.path().join(name)).unwrap();
        assert!(picture.starts_with(b"\x89PNG") && picture.ends_with(b"IEND\xaeB`\x82"));
    }
    assert_eq!(std::fs::read_dir(to.path()).unwrap().count(), 3);

    let sms = format!("http://{address}/webservice/sms.php?method=Submit");
    let said = good(example("text_message").arg(sms));
    assert!(said.starts_with("200: ") && said.contains("\"code\":2"), "{said}");

    // The form of exercise 7.1, whose `&` in a field is the next field.
    {
        let plan = String::from_utf8(page("README.md")).unwrap();
        let span = plan.split('`').find(|span| span.starts_with("wirewright http -d "));
        let said = run_as_said(&span.unwrap().replace("127.0.0.1:8000", &address));
        let answer = String::from_utf8(said.stdout).unwrap();
        assert!(answer.ends_with("\"missing or not known: b\"}"), "{answer}");
    }
}

#[test]
fn the_mail_pages_visit_the_sink() {
    if !has_program("python3", "--version", "the_mail_pages_visit_the_sink") {
        return;
    }
    let sink = format!("{}/examples/sink.py", env!("CARGO_MANIFEST_DIR"));
    let mut python = Command::new("python3");
    let (mut sink, address) = listening(python.args([&sink, "0"]).env("PYTHONIOENCODING", "utf-8"));
    let server = format!("smtp://{address}");
    let said = good(example("send_text_mail").arg(&server));
    assert_eq!(said, "luo@example.net: Accepted\nkui@example.com: Accepted\n");

    let folder = tempfile::tempdir().unwrap();
    let (text, table) = (folder.path().join("hello.txt"), folder.path().join("汇总数据.xlsx"));
    std::fs::write(&text, "你好").unwrap();
    std::fs::write(&table, vec![7; 100_000]).unwrap();
    let said = good(example("send_attachments").args([&text, &table]).arg(&server));
    assert!(said.starts_with("Accepted: 13"), "{said}");

    sink.child.kill().unwrap();
    let taken = String::from_utf8(sink.finish().stdout).unwrap();
    for line in [
        "from wang@example.org to luo@example.net, kui@example.com: ",
        "王大锤 <wang@example.org> -> 骆昊 <luo@example.net>, kui@example.com: 示例代码实验邮件\n",
        "text: 用户您好，这是一封实验邮件。\n",
        "text: 附件中有本月数据请查收\n",
        "file: hello.txt, text/plain, 6 bytes\n",
        "file: month-data.xlsx, application/vnd.ms-excel, 100000 bytes\n",
    ] {
        assert!(taken.contains(line), "{line:?} in {taken}");
    }
    let ended = run(example("send_text_mail").arg("smtp://127.0.0.1:1"));
    assert_eq!(ended.status.code(), Some(1));
}

#[test]
fn time_client_visits_time_server() {
    for transport in ["tcp", "udp"] {
        let (_server, address) = listening(example("time_server").args(["127.0.0.1:0", transport]));
        let said = good(example("time_client").args([&address, transport]));
        let (moment, words) = said.trim_end().rsplit_once(": ").unwrap();
        let (year, month, day) = Moment::parse(moment.as_bytes()).unwrap().date();
        assert!(year >= 2026, "{said}");
        assert_eq!(words, format!("day {day} of month {month}"));
    }
}

#[test]
fn the_udp_pair_sees_what_its_relay_does() {
    let said = good(&mut example("udp_pair"));
    let figure = |name: &str| {
        let line = said.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    let sent = figure("sent");
    assert_eq!(figure("received") + figure("lost"), sent);
    assert!(figure("lost") >= sent / 10, "{said}");
    assert!(figure("duplicated") > 0 && figure("reordered") > 0, "{said}");
}

/// The file of lesson 4, through the relay of the page: the plan says which bytes are missing.
#[test]
fn a_file_over_the_relay_misses_what_the_plan_says() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("picture");
    std::fs::write(&file, vec![7; 200_000]).unwrap();
    for (size, ranges, second) in [("1400", 14, "25688 to 27039"), ("700", 30, "12388 to 13039")] {
        let copy = folder.path().join("copy");
        let mut receiving = Command::new(env!("CARGO_BIN_EXE_wirewright"));
        receiving.args(["udp", "recv", "--listen", "127.0.0.1:0", "-o"]).arg(&copy);
        let (receiver, address) = listening(&mut receiving);
        let (relay, through) = listening(example("udp_pair").args(["127.0.0.1:0", &address]));
        let mut sending = Command::new(env!("CARGO_BIN_EXE_wirewright"));
        sending.args(["udp", "send", &through, "--rate", "1M", "--size", size, "--file"]);
        good(sending.arg(&file));
        let ended = receiver.finish();
        assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
        let missing = format!("missing bytes {second} ");
        assert!(ended.stderr.contains(&missing), "{}", ended.stderr);
        let sum = format!(" bytes are missing, in {ranges} ranges; ");
        assert!(ended.stderr.contains(&sum), "{}", ended.stderr);
        assert!(!copy.exists());
        assert!(relay.finish().status.success());
        let plan = String::from_utf8(page("README.md")).unwrap();
        assert!(plan.contains(&format!("{ranges} ranges")), "the plan says how many");
    }
}

#[test]
fn a_client_without_a_server_fails() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let to = tempfile::tempdir().unwrap();
    for name in ["classic_client", "framed_client"] {
        let ended = run(example(name).arg(free.to_string()).arg(to.path()));
        assert_eq!(ended.status.code(), Some(1), "{name}");
    }
    let ended = run(example("time_client").arg(free.to_string()));
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stderr.contains("refused"), "{}", ended.stderr);
}

#[test]
fn the_decoder_gives_the_same_for_every_cut() {
    let first = good(&mut example("decode_by_hand"));
    assert!(
        first.contains("payload begins behind {\"filename\": \"guido.jpg\", \"filedata\": null}")
    );
    for piece_len in 1..=90 {
        let said = good(example("decode_by_hand").arg(piece_len.to_string()));
        let members = "{\"filename\": \"guido.jpg\", \"filedata\": null, \"more\": [1, 2]}";
        let end = format!("the end; all other members: {members}\nthe file: \"hello, wire\"\n");
        assert!(said.ends_with(&end), "{piece_len}: {said}");
    }
}

/// Runs what the lesson plan says, in bash, with the command of this build.
fn run_as_said(said: &str) -> Ended {
    let command = said.replace("wirewright ", &format!("{} ", env!("CARGO_BIN_EXE_wirewright")));
    run(Command::new("bash").args(["-c", &command]))
}

/// The lines of the lesson plan that begin with `printf` and end in `explain`, as they stand there.
#[test]
fn the_exercises_with_explain_do_what_the_plan_says() {
    let plan = String::from_utf8(page("README.md")).unwrap();
    let spans = plan.split('`').filter(|span| span.starts_with("printf '"));
    let spans: Vec<&str> = spans.filter(|span| span.contains("| wirewright explain ")).collect();
    let said = [
        (r#"{"filedata":"aGk="}"#, 0, "\npayload    2 bytes\n"),
        (r#"{"filedata":"aGk"}"#, 1, "\nrefused    at byte 16: "),
        (r"Length: 3\r\nContent-Length: 2", 1, "\nrefused    at byte 52: "),
        ("chunked", 0, "\nframing    chunked: "),
        (r"Length: 3\r\n\r\nhi", 1, "\nrefused    at byte 40: the stream ended "),
        (r#""aGVsbG8'"#, 1, "\nrefused    at byte 35: the stream ended "),
        (r"\0\0\0\2{}", 1, "\nrefused    at byte 5: the member `type` is missing"),
        (r"250-mx\r\n250", 0, " the reply is complete, 2 lines\n"),
    ];
    assert_eq!(spans.len(), said.len(), "{spans:?}");
    for (span, (part, status, page)) in spans.into_iter().zip(said) {
        assert!(span.contains(part), "{span}");
        let ended = run_as_said(span.trim_end_matches("; echo $?"));
        assert_eq!(ended.status.code(), Some(status), "{span}: {}", ended.stderr);
        let shown = String::from_utf8(ended.stdout).unwrap();
        assert!(shown.contains(page), "{span}: {shown}");
    }
}

/// The lines of the lesson plan that show what a server says, with the address of one of ours.
#[test]
fn the_servers_are_explained_as_the_plan_says() {
    let name = "the_servers_are_explained_as_the_plan_says";
    if !has_program("python3", "--version", name) || !has_program("bash", "--version", name) {
        return;
    }
    let plan = String::from_utf8(page("README.md")).unwrap();
    let python = |name: &str| {
        let mut python = Command::new("python3");
        python.arg(format!("{}/examples/{name}", env!("CARGO_MANIFEST_DIR"))).arg("0");
        python
    };
    let with = |name: &str, what: &str| {
        let mut server = example(name);
        server.arg(format!("{}/examples{what}", env!("CARGO_MANIFEST_DIR"))).arg("127.0.0.1:0");
        server
    };
    for (mut server, format, page) in [
        (python("gateway.py"), "http", "\nreuse      yes: "),
        (with("classic_server", "/peer.py"), "envelope", " Payload ─▶ Payload\n"),
        (with("framed_server", ""), "frame", "\nmessages   error\n"),
        (python("sink.py"), "smtp", "\nreplies    success ×3\n"),
    ] {
        let (_server, address) = listening(&mut server);
        let mut lines = plan.lines().filter_map(|line| line.trim().strip_prefix("$ "));
        let is_of =
            |line: &&str| line.contains(&format!("explain {format}")) && line.contains("127.0.0.1");
        let line = lines.find(is_of).unwrap_or_else(|| panic!("{format} is not explained"));
        let slashed = address.replace(':', "/");
        let said = ["127.0.0.1:8000", "127.0.0.1/5566", "127.0.0.1/2525"]
            .into_iter()
            .zip([&address, &slashed, &slashed])
            .fold(line.to_owned(), |line, (there, here)| line.replace(there, here));
        let ended = run_as_said(&said);
        assert_eq!(ended.status.code(), Some(0), "{said}: {}", ended.stderr);
        let shown = String::from_utf8(ended.stdout).unwrap();
        assert!(shown.contains(page), "{said}: {shown}");
    }
}

/// What `examples/README.md` teaches is there, and what is there it teaches.
#[test]
fn the_lesson_plan_is_complete() {
    let plan = String::from_utf8(page("README.md")).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut pages = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let (path, mut name) =
            entry.map(|e| (e.path(), e.file_name().into_string().unwrap())).unwrap();
        let files = match path.is_dir() {
            true => std::fs::read_dir(&path).unwrap().map(|file| file.unwrap().path()).collect(),
            false => vec![path.clone()],
        };
        if path.is_dir() {
            name.push('/');
        }
        assert!(name == "README.md" || plan.contains(&format!("`{name}`")), "{name} is not taught");
        for file in files.iter().filter(|file| !file.ends_with("README.md")) {
            let text = std::fs::read_to_string(file).unwrap();
            let opens = text.starts_with("//!") || text.starts_with("#!");
            let is_page = opens && text.lines().count() <= 180;
            assert!(is_page, "{} is one page that opens with words", file.display());
            pages += 1;
        }
    }
    assert!(pages >= 18, "{pages}");
}

/// Every page that is run says what to look at.
#[test]
fn every_page_says_what_to_look_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut pages = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let path = if path.is_dir() { path.join("main.rs") } else { path };
        if path.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
            let head = head.join("\n");
            assert!(head.contains("What to look at: "), "{}", path.display());
            assert!(head.contains("cargo run --example "), "{}", path.display());
            pages += 1;
        }
    }
    assert!(pages >= 13, "{pages}");
}
