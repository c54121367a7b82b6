//! Tables of cases as text files: what comes, and what comes of it.
//!
//! ```text
//!   # a comment
//!   = words                the setting; until the next one
//!   < 250 2.0.0 ok\r\n     bytes of the stream; further lines go on
//!   > 250 "2.0.0 ok"       what comes of it
//! ```

use crate::text::unescape;
use std::fmt::Debug;
use std::path::Path;

/// Streams are cut at every place up to here.
const CUTS: usize = 300;

/// One case; `S` is its setting.
pub struct Case<S> {
    pub place: String,
    pub setting: S,
    pub stream: Vec<u8>,
    pub expected: String,
}

/// All cases of all files below `tests/data/`. `setting` reads the words of one, where they stand.
pub fn cases<S: Clone + Default>(folder: &str, setting: fn(&str, &str) -> S) -> Vec<Case<S>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("cases")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|end| end == "txt"))
        .collect();
    paths.sort();
    paths.iter().flat_map(|path| read(path, setting)).collect()
}

fn read<S: Clone + Default>(path: &Path, read_setting: fn(&str, &str) -> S) -> Vec<Case<S>> {
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).expect("a text");
    let (mut cases, mut setting, mut stream) = (Vec::new(), S::default(), None);
    for (at, line) in text.lines().enumerate() {
        let (mark, rest) = line.split_at(line.len().min(1));
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let place = format!("{name}:{}", at + 1);
        match mark {
            "" | "#" => {}
            "=" => setting = read_setting(rest, &place),
            "<" => stream.get_or_insert_with(Vec::new).extend(unescape(rest)),
            ">" => cases.push(Case {
                setting: setting.clone(),
                stream: stream.take().unwrap_or_else(|| panic!("{place}: no stream")),
                expected: rest.trim_end().to_owned(),
                place,
            }),
            _ => panic!("{place}: {line}"),
        }
    }
    assert!(stream.is_none(), "{name}: a stream without a verdict");
    cases
}

/// Says how each case ended otherwise than its table says; there are at least so many.
pub fn judge<S>(cases: &[Case<S>], count_min: usize, run: impl Fn(&Case<S>) -> String) {
    let mut wrong = Vec::new();
    for case in cases {
        let got = run(case);
        if got != case.expected {
            wrong.push(format!("{}\n  expected {}\n  got      {got}", case.place, case.expected));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(cases.len() >= count_min, "{} cases", cases.len());
}

/// The same outcome at every cut as `whole`.
pub fn at_every_cut<T: Debug + PartialEq>(
    stream: &[u8],
    whole: &T,
    place: &str,
    run: impl Fn([&[u8]; 2]) -> T,
) {
    for cut in 0..=stream.len().min(CUTS) {
        let (a, b) = stream.split_at(cut);
        assert_eq!(*whole, run([a, b]), "{place}: cut at {cut}");
    }
}
