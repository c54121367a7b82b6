//! Oracles of the reply to EHLO: what is offered is what a naive reading finds, word by word, in
//! whatever case and order the lines come.

use std::collections::BTreeSet;
use wirewright::smtp::capabilities::Capabilities;
use wirewright::smtp::config::Limits;
use wirewright::smtp::reply::Parser;

/// The property. The lines of the reply are divided by LF.
pub fn check(data: &[u8]) {
    let lines: Vec<Vec<u8>> = data.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let Some(capabilities) = read(&lines) else { return };
    let (first, offers) = (&lines[0], &lines[1..]);
    let host = first.split(u8::is_ascii_whitespace).find(|word| !word.is_empty());
    is_kept(capabilities.host.as_raw_str(), host.unwrap_or_default());
    assert_eq!(capabilities.lines.len(), offers.len());
    for (line, expected) in capabilities.lines.iter().zip(offers) {
        is_kept(line.as_raw_str(), expected);
    }
    assert_eq!(offered(&capabilities), naive(offers), "{offers:?}");
    let mechanisms: BTreeSet<_> = capabilities.auth.iter().collect();
    assert_eq!(mechanisms.len(), capabilities.auth.len(), "each mechanism once");
    in_other_words(&lines, &capabilities);
}

/// What stays of a line: each byte that is not UTF-8 as `\xNN`, and no more than 4 KiB.
fn is_kept(kept: &str, line: &[u8]) {
    let odd = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
    let chunks = line.utf8_chunks();
    let text: String = chunks.map(|one| one.valid().to_owned() + &odd(one.invalid())).collect();
    let (whole, short) = (kept == text, kept.strip_suffix('…').unwrap_or(""));
    assert!(
        whole || text.len() > 4096 && short.len() > 4000 && text.starts_with(short),
        "{kept:?}"
    );
}

/// Read with the parser, if it is a reply within the limits.
fn read(lines: &[Vec<u8>]) -> Option<Capabilities> {
    let mut reply = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let mark = if at + 1 == lines.len() { b' ' } else { b'-' };
        reply.extend_from_slice(&[&b"250"[..], &[mark], line, b"\r\n"].concat());
    }
    let mut parser = Parser::new(&Limits::default());
    let (taken, is_whole) = parser.feed(&reply).ok()?;
    assert!(taken == reply.len() && is_whole, "{lines:?}");
    Some(Capabilities::of(parser.reply()))
}

/// What a client may do.
#[derive(Debug, Default, PartialEq)]
struct Offered {
    /// The keywords without parameters.
    keywords: BTreeSet<&'static str>,
    size: Option<Option<u64>>,
    auth: Vec<String>,
}

const KEYWORDS: [&str; 6] =
    ["8BITMIME", "CHUNKING", "ENHANCEDSTATUSCODES", "PIPELINING", "SMTPUTF8", "STARTTLS"];

fn offered(capabilities: &Capabilities) -> Offered {
    let is_offered = [
        capabilities.eight_bit_mime,
        capabilities.chunking,
        capabilities.enhanced_status_codes,
        capabilities.pipelining,
        capabilities.smtputf8,
        capabilities.starttls,
    ];
    let keywords = KEYWORDS.into_iter().zip(is_offered).filter(|(_, is_offered)| *is_offered);
    Offered {
        keywords: keywords.map(|(keyword, _)| keyword).collect(),
        size: capabilities.size.then_some(capabilities.size_max),
        auth: capabilities.auth.iter().map(|name| name.to_string()).collect(),
    }
}

/// RFC 5321 §4.1.1.1, line by line and word by word; `AUTH=` as it was before RFC 4954.
fn naive(lines: &[Vec<u8>]) -> Offered {
    let mut offered = Offered::default();
    for line in lines {
        let line = String::from_utf8_lossy(line).to_ascii_uppercase();
        let line = line.trim_start_matches([' ', '\t']);
        let line =
            line.strip_prefix("AUTH=").map_or(line.to_owned(), |rest| format!("AUTH {rest}"));
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        let Some((keyword, parameters)) = words.split_first() else { continue };
        offered.keywords.extend(KEYWORDS.iter().find(|known| *known == keyword));
        if *keyword == "SIZE" {
            offered.size = Some(parameters.first().and_then(|digits| size(digits)));
        }
        for name in parameters.iter().filter(|_| *keyword == "AUTH") {
            let is_part =
                |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "-_".contains(c);
            let is_new = !offered.auth.iter().any(|known| known == name);
            if is_new && name.len() <= 20 && name.chars().all(is_part) {
                offered.auth.push((*name).to_owned());
            }
        }
    }
    offered
}

/// RFC 1870 §3: digits, and 0 says nothing. More than 64 bits say nothing, too.
fn size(text: &str) -> Option<u64> {
    let add = |sum: u64, c: char| sum.checked_mul(10)?.checked_add(u64::from(c.to_digit(10)?));
    text.chars().try_fold(0, add).filter(|size| *size > 0)
}

/// The same in the other case, and from the last line to the first.
fn in_other_words(lines: &[Vec<u8>], capabilities: &Capabilities) {
    let expected = offered(capabilities);
    for case in [<[u8]>::make_ascii_lowercase, <[u8]>::make_ascii_uppercase] {
        let mut lines = lines.to_vec();
        lines.iter_mut().for_each(|line| case(line));
        let other = read(&lines).expect("a reply of the same lengths");
        assert_eq!(offered(&other), expected, "{lines:?}");
    }
    let mut turned = lines.to_vec();
    turned[1..].reverse();
    let mut turned = offered(&read(&turned).expect("the same lines"));
    let sizes = lines[1..].iter().filter(|line| naive(&[line.to_vec()]).size.is_some()).count();
    if sizes > 1 {
        // The last one counts.
        turned.size = expected.size;
    }
    turned.auth.sort();
    let mut mechanisms = expected.auth.clone();
    mechanisms.sort();
    assert_eq!(turned, Offered { auth: mechanisms, ..expected }, "{lines:?}");
}
