//! `bench` as a user meets it: the binary, with little to move and little time.

use serde_json::Value;
use std::process::Command;

/// So little that the figures mean nothing, but every rung runs.
const LITTLE: [&str; 5] = ["--size", "300K", "--seconds", "0.001", "--quiet"];

/// How a run ended, and what it said.
struct Ended {
    status: Option<i32>,
    stdout: Vec<u8>,
    stderr: String,
}

/// Waits for the end, because every run of the bench is bounded.
fn run(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    Ended { status: output.status.code(), stdout: output.stdout, stderr }
}

fn bench(args: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirewright"));
    run(command.arg("bench").args(LITTLE).args(args))
}

/// The document of a successful run. Apart from it there are only warnings, which noise may cause.
fn document(ended: &Ended) -> Value {
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.lines().all(|line| line.starts_with("warning: ")), "{}", ended.stderr);
    let value: Value = serde_json::from_slice(&ended.stdout).unwrap();
    let warnings = value["warnings"].as_array().unwrap();
    assert_eq!(ended.stderr.lines().count(), warnings.len(), "{}", ended.stderr);
    value
}

fn names(value: &Value) -> Vec<&str> {
    let rungs = value["rungs"].as_array().unwrap();
    rungs.iter().map(|rung| rung["name"].as_str().unwrap()).collect()
}

fn positive(value: &Value) -> bool {
    value.as_f64().is_some_and(|number| number > 0.0)
}

#[test]
fn the_whole_ladder() {
    let value = document(&bench(&["--json", "--connections", "3", "--threads", "2"]));
    let rungs = value["rungs"].as_array().unwrap();
    for name in ["copy", "session-blake3", "reactor-raw", "file-durable", "connections", "classic"]
    {
        assert!(names(&value).contains(&name), "{name}");
    }
    assert_eq!(names(&value).contains(&"tls"), cfg!(feature = "tls"));
    for rung in rungs {
        let rate = &rung["gb_per_s"];
        assert!(["min", "median", "max"].iter().all(|key| positive(&rate[*key])), "{rung}");
        assert!(rate["min"].as_f64() <= rate["max"].as_f64(), "{rung}");
        assert_eq!(rung["limit"].is_null(), rung["ratio"].is_null(), "{rung}");
        let mut samples: Vec<f64> =
            rung["samples"].as_array().unwrap().iter().map(|rate| rate.as_f64().unwrap()).collect();
        samples.sort_by(f64::total_cmp);
        let (min, max) = (rate["min"].as_f64().unwrap(), rate["max"].as_f64().unwrap());
        assert_eq!((samples.len(), samples[0], samples[4]), (5, min, max), "{rung}");
        // No verdict is better than the rounds allow.
        let spread = (max - min) / rate["median"].as_f64().unwrap();
        let is_quotable = rung["quotable"].as_bool().unwrap();
        assert!(!is_quotable || spread <= 0.20, "{rung}");
        assert_eq!(is_quotable, rung["why"].is_null(), "{rung}");
        let spent = rung["cpu_s_per_gb"].as_object().unwrap();
        assert!(spent.contains_key("all") ^ spent.contains_key("sender"), "{rung}");
        // The cost is of both sides, and has a limit where the rate has one.
        let sum: f64 = spent.values().map(|seconds| seconds.as_f64().unwrap()).sum();
        let cost = &rung["cost"];
        assert!((cost["seconds_per_gb"].as_f64().unwrap() - sum).abs() < 1e-9, "{rung}");
        assert_eq!(cost["limit"].is_null(), rung["limit"].is_null(), "{rung}");
    }
    assert_eq!(value["quotable"], rungs.iter().all(|rung| rung["quotable"] == true));
    assert!(value["machine"]["cores"].as_u64().is_some_and(|cores| cores > 0));
    if cfg!(target_os = "linux") {
        let machine = &value["machine"];
        assert!(machine["congestion_control"].as_str().is_some_and(|name| !name.is_empty()));
        assert!(machine["load"].as_f64() >= Some(0.0), "{machine}");
        assert!((0.0..=1.0).contains(&machine["steal"].as_f64().unwrap()), "{machine}");
    }
}

#[test]
fn rungs_by_name_bring_what_they_are_held_against() {
    let value = document(&bench(&["--json", "loopback-blake3"]));
    assert_eq!(names(&value), ["copy", "loopback-raw", "loopback-blake3", "copy-again"]);
    let rung = &value["rungs"][2];
    let raw = value["rungs"][1]["gb_per_s"]["median"].as_f64().unwrap();
    assert!((rung["limit"].as_f64().unwrap() / raw - 0.75).abs() < 1e-9);
    if cfg!(target_os = "linux") {
        assert!(positive(&rung["cpu_s_per_gb"]["sender"]), "{rung}");
        assert!(rung["peak_rss_bytes"].as_u64().is_some_and(|bytes| bytes > 0));
    }
}

#[test]
fn the_table_names_all_and_says_how_noisy_it_was() {
    let ended = bench(&["base64-encode"]);
    let text = String::from_utf8(ended.stdout).unwrap();
    for what in ["copy ", "base64-encode ", "copy-again ", "Two runs of the null rung differ by"] {
        assert!(text.contains(what), "{what} in {text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
}

#[test]
fn what_does_not_exist_is_a_usage_error() {
    for args in [&["memcpy"][..], &["--sweep", "nothing"], &["--connections", "0"]] {
        let ended = bench(args);
        assert_eq!((ended.status, ended.stdout.len()), (Some(2), 0), "{args:?}");
        assert!(ended.stderr.starts_with("error: ") && ended.stderr.lines().count() == 1);
    }
    let ended = bench(&["memcpy"]);
    assert!(ended.stderr.contains("the rungs are copy, "), "{}", ended.stderr);
}

#[test]
fn sweeps_have_points() {
    let args = ["--json", "--sweep", "file-size", "--sweep", "chunk-size", "--sweep-max", "5K"];
    let value = document(&bench(&args));
    assert_eq!(names(&value), ["copy", "loopback-raw", "copy-again"]);
    let sweeps = value["sweeps"].as_array().unwrap();
    assert_eq!((sweeps.len(), &sweeps[0]["name"]), (2, &Value::from("file-size")));
    let points = sweeps[0]["points"].as_array().unwrap();
    let sizes: Vec<f64> = points.iter().map(|point| point["x"].as_f64().unwrap()).collect();
    assert_eq!(sizes, [1024.0, 4096.0]);
    assert!(sweeps.iter().all(|sweep| sweep["unit"] == "GB/s"));
    assert!(points.iter().all(|point| positive(&point["min"]) && positive(&point["median"])));
}

/// With few descriptors few connections fit, and a note says so.
#[test]
fn connections_that_do_not_fit_are_left_out() {
    let mut command = Command::new("sh");
    let line = "ulimit -n 300; exec \"$0\" bench \"$@\"";
    command.args(["-c", line, env!("CARGO_BIN_EXE_wirewright")]).args(LITTLE);
    let ended = run(command.args(["--json", "--sweep", "connections"]));
    let value = document(&ended);
    let sweeps = value["sweeps"].as_array().unwrap();
    let counts: Vec<f64> = sweeps[0]["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| point["x"].as_f64().unwrap())
        .collect();
    assert_eq!(counts, [1.0, 10.0, 100.0]);
    assert!(sweeps[0]["notes"][0].as_str().is_some_and(|note| note.contains("do not fit")));
    let idle = &sweeps[1];
    assert_eq!((&idle["name"], &idle["unit"]), (&"connections-idle".into(), &"bytes".into()));
    let sides: Vec<&Value> =
        idle["points"].as_array().unwrap().iter().map(|point| &point["series"]).collect();
    assert_eq!(sides, ["server", "client"]);
}

#[test]
fn the_page_is_written_beside_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.html");
    std::fs::write(&path, "x".repeat(1 << 20)).unwrap();
    let ended = bench(&["--json", "classic", "--html", path.to_str().unwrap()]);
    document(&ended);
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    for what in ["classic", "null rung", "--seconds 0.001", "prefers-color-scheme: dark"] {
        assert!(page.contains(what), "{what}");
    }
    // A descriptor is written at its position.
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("/dev/stdout", &link).unwrap();
    let ended = bench(&["copy", "--html", link.to_str().unwrap()]);
    let told = String::from_utf8(ended.stdout).unwrap();
    assert!(told.starts_with("<!doctype html>") && told.contains("</html>\n"), "{told}");
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    let ended = bench(&["copy", "--html", folder.path().to_str().unwrap()]);
    assert_eq!((ended.status, ended.stdout.len()), (Some(1), 0));
    assert!(ended.stderr.starts_with("error: ") && ended.stderr.lines().count() == 1);
}

#[test]
fn csv_has_a_line_for_each_rung_and_point() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    let args = ["copy", "--sweep", "file-size", "--sweep-max", "5K", "--csv"];
    let ended = bench(&[&args[..], &[path.to_str().unwrap()]].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    let begins = |start: &str| lines.iter().filter(|line| line.starts_with(start)).count();
    assert_eq!((begins("kind,name,"), begins("rung,"), begins("sweep,file-size,")), (1, 3, 2));
    let columns = |line: &str| line.split(',').count();
    assert!(lines.iter().all(|line| columns(line) == columns(lines[0])), "{text}");
}

#[test]
fn nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirewright"));
    command.arg("bench").args(LITTLE).arg("file").env("TMPDIR", folder.path());
    let ended = run(&mut command);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// `bench smtp` as a load, with so few messages that figures mean nothing.
fn load(args: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirewright"));
    run(command.args(["bench", "smtp", "--quiet"]).args(args))
}

#[test]
fn a_load_of_mail_to_our_own_sink() {
    for (size, file) in [("500", false), ("200K", true)] {
        let few = ["--messages", "20", "--rounds", "2", "--connections", "3", "--json"];
        let ended = load(&[&few[..], &["--message-size", size]].concat());
        assert_eq!((ended.status, &*ended.stderr), (Some(0), ""));
        let value: Value = serde_json::from_slice(&ended.stdout).unwrap();
        let rounds = value["rounds"].as_array().unwrap();
        assert_eq!(rounds.len(), 2);
        assert!(rounds.iter().all(|round| round["accepted"] == 20), "{value}");
        assert!(positive(&value["messages_per_s"]["median"]) && positive(&value["size"]));
        assert_eq!(value["file_bytes"].as_u64() > Some(0), file, "{value}");
    }
    let ended = load(&["--messages", "3", "--rounds", "1"]);
    let text = String::from_utf8(ended.stdout).unwrap();
    assert!(text.contains("accepted 3, refused 0, unknown 0"), "{text}");
}

/// The sink runs in a process of its own, and accepts mail of the command `mail`, too.
#[cfg(unix)]
#[test]
fn a_sink_for_other_senders() {
    use std::io::{BufRead as _, BufReader, Read as _};
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirewright"));
    command.args(["bench", "smtp", "--listen", "127.0.0.1:0", "--json"]);
    let piped = std::process::Stdio::piped;
    let mut sink = command.stdout(piped()).stderr(piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(sink.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let server = format!("smtp://{}", line.trim().strip_prefix("listening on ").unwrap());
    let ended = load(&["--server", &server, "--messages", "7", "--rounds", "1", "--json"]);
    let value: Value = serde_json::from_slice(&ended.stdout).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirewright"));
    let mail = ["mail", "--server", &server, "--starttls", "never", "--from", "a@b.example"];
    let mail = run(command.args(mail).args([
        "--to",
        "c@d.example",
        "--subject",
        "x",
        "--text",
        ".\n..",
        "--json",
    ]));
    assert_eq!(mail.status, Some(0), "{}", mail.stderr);
    let mailed: Value = serde_json::from_slice(&mail.stdout).unwrap();
    let bytes = value["size"].as_u64().unwrap() * 7 + mailed["size"].as_u64().unwrap();
    assert!(
        Command::new("kill").args(["-INT", &sink.id().to_string()]).status().unwrap().success()
    );
    let mut said = String::new();
    sink.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(sink.wait().unwrap().code(), Some(0));
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((said["messages"].as_u64(), said["bytes"].as_u64()), (Some(8), Some(bytes)));
}

#[test]
fn a_load_that_makes_no_sense_or_comes_to_nothing() {
    let little: [&[&str]; 6] = [
        &["--message-size", "10"],
        &["--server", "http://127.0.0.1:1"],
        &["--server", "smtps://127.0.0.1:1"],
        &["--server", "smtp://me@127.0.0.1:1"],
        &["--messages", "0"],
        &["--messages", "3", "loopback"],
    ];
    for args in little {
        let ended = load(args);
        assert_eq!((ended.status, ended.stdout.len()), (Some(2), 0), "{args:?}");
        assert_eq!(ended.stderr.matches("error: ").count(), 1, "{args:?}: {}", ended.stderr);
    }
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap().to_string();
    for (listen, hint) in [
        (&*address, "; another process uses that port; choose another with --listen"),
        ("192.0.2.1:0", "; give an address of this machine with --listen"),
    ] {
        let ended = load(&["--listen", listen]);
        assert_eq!(ended.status, Some(1));
        assert!(ended.stderr.contains(hint), "{}", ended.stderr);
    }
    drop(nobody);
    let server = format!("smtp://{address}");
    let ended = load(&["--server", &server, "--messages", "2", "--rounds", "1"]);
    assert_eq!(ended.status, Some(1));
    assert!(ended.stderr.contains("0 of 2 messages were accepted"), "{}", ended.stderr);
}
