//! The oracle of what a server says: split invariance, a naive reading, and a round trip.

use wirewright::error::Error;
use wirewright::smtp::capabilities::Capabilities;
use wirewright::smtp::config::Limits;
use wirewright::smtp::reply::Parser;
use wirewright::smtp::reply::Remark;

/// A reply as plain values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub code: u16,
    pub enhanced: Option<String>,
    pub lines: Vec<Vec<u8>>,
    pub offset: u64,
}

/// What came of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    pub replies: Vec<Told>,
    pub remarks: Vec<Remark>,
    pub error: Option<Error>,
}

/// Reads a stream in pieces, up to its end.
pub fn run<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limits: &Limits) -> Outcome {
    let (mut parser, mut outcome) = (Parser::new(limits), Outcome::default());
    let mut fed = 0;
    for mut piece in pieces {
        fed += piece.len() as u64;
        while !piece.is_empty() && outcome.error.is_none() {
            match parser.feed(piece) {
                Ok((taken, is_whole)) => {
                    assert!(taken > 0, "nothing is eaten of {}", piece.escape_ascii());
                    assert!(is_whole || taken == piece.len());
                    piece = &piece[taken..];
                    if is_whole {
                        take(&mut parser, &mut outcome);
                    }
                }
                Err(error) => {
                    assert_eq!(parser.feed(b"250 x\r\n"), Err(error.clone()), "it stays");
                    assert_eq!(parser.finish(), Err(error.clone()), "it stays");
                    outcome.error = Some(error);
                }
            }
        }
        let held = 2 * limits.reply_bytes_max as u64 + 64 + 32 * limits.reply_lines_max as u64;
        assert!(parser.capacity() as u64 <= held.min(64 + 32 * (fed + 8)), "memory by what came");
    }
    while let Some(remark) = parser.take_remark() {
        outcome.remarks.push(remark);
    }
    outcome.error = outcome.error.or(parser.finish().err());
    outcome
}

fn take(parser: &mut Parser, outcome: &mut Outcome) {
    while let Some(remark) = parser.take_remark() {
        outcome.remarks.push(remark);
    }
    let reply = parser.reply();
    assert_eq!(reply.lines().count(), reply.placed_lines().count());
    let capabilities = Capabilities::of(reply);
    assert_eq!(capabilities.lines.len() + 1, reply.lines().count());
    assert!(capabilities.auth.iter().all(|name| name.is_ascii() && !name.contains(' ')));
    outcome.replies.push(Told {
        code: reply.code(),
        enhanced: reply.enhanced().map(|enhanced| enhanced.to_string()),
        lines: reply.lines().map(<[u8]>::to_vec).collect(),
        offset: reply.offset(),
    });
}

/// The property. A byte of choices, the size of pieces, the small limits; then the stream.
pub fn check(data: &[u8]) {
    let [choice, step, small, stream @ ..] = data else { return };
    let limits = if choice & 1 == 0 { Limits::default() } else { small_limits(*small) };
    let whole = run([stream], &limits);
    assert_eq!(whole, run(stream.chunks(1), &limits), "bytewise");
    assert_eq!(whole, run(stream.chunks(usize::from(*step) + 2), &limits), "in pieces");
    lies_within(stream, &whole);
    if choice & 1 == 0 {
        let (replies, is_good) = naive(stream);
        assert_eq!(whole.replies, replies);
        assert_eq!(whole.error.is_none(), is_good, "{:?}", whole.error);
    }
    round_trip(&whole, &limits);
}

fn small_limits(size: u8) -> Limits {
    let size = usize::from(size);
    Limits {
        reply_line_bytes_max: size % 40 + 6,
        reply_lines_max: size % 5 + 1,
        reply_bytes_max: size + 6,
        ..Limits::default()
    }
}

/// Places are within the stream, and what is missing is missing at its end.
fn lies_within(stream: &[u8], whole: &Outcome) {
    let len = stream.len() as u64;
    if let Some(error) = &whole.error {
        let offset = error.offset().expect("an offset");
        assert!(error.section().is_some_and(|section| section.starts_with("RFC ")));
        match error {
            Error::Incomplete { .. } => assert_eq!(offset, len),
            _ => assert!(offset < len, "{error} in {len} bytes"),
        }
    }
    for remark in &whole.remarks {
        assert!(remark.offset < len);
        let byte = stream[remark.offset as usize];
        let is_right = match remark.text {
            "text that is not ASCII" => !byte.is_ascii(),
            "a control character in the text" => byte.is_ascii_control() && byte != b'\t',
            _ => byte.is_ascii_digit(),
        };
        assert!(is_right, "{remark:?} about {byte}");
    }
    // A reply whose text leaves the grammar has its remark.
    let is_foreign = |byte: &u8| !matches!(byte, b'\t' | b' '..=b'~');
    let foreign = whole.replies.iter().filter(|reply| reply.lines.concat().iter().any(is_foreign));
    assert!(foreign.count() <= whole.remarks.len());
}

/// The replies of a text, and whether it holds nothing else. As the grammar of RFC 5321 §4.2 reads,
/// line by line over the whole text.
pub fn naive(text: &[u8]) -> (Vec<Told>, bool) {
    let (mut replies, mut lines, mut at, mut offset) = (Vec::new(), Vec::new(), 0, 0);
    let mut code = None;
    loop {
        let Some(len) = text[at..].windows(2).position(|two| two == b"\r\n") else {
            return (replies, at == text.len() && lines.is_empty());
        };
        let line = &text[at..at + len];
        let digits: Option<u16> = std::str::from_utf8(line.get(..3).unwrap_or_default())
            .ok()
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok())
            .filter(|code| (200..600).contains(code));
        // The text is free; a CR or LF alone is no text.
        let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let is_same = code.is_none() || code == digits;
        let is_separated = matches!(line.get(3), None | Some(b' ' | b'-'));
        if digits.is_none() || !is_same || !is_separated || line.iter().any(is_end) {
            return (replies, false);
        }
        code = digits;
        lines.push(line.get(4..).unwrap_or_default().to_vec());
        at += len + 2;
        if line.get(3) != Some(&b'-') {
            let code = code.take().unwrap_or_default();
            let lines = std::mem::take(&mut lines);
            let enhanced =
                enhanced(&lines[0]).filter(|text| text.as_bytes()[0] == b'0' + (code / 100) as u8);
            replies.push(Told { code, enhanced, lines, offset });
            offset = at as u64;
        }
    }
}

fn enhanced(line: &[u8]) -> Option<String> {
    let word = line.split(|byte| *byte == b' ').next()?;
    let word = std::str::from_utf8(word).ok()?;
    let parts: Vec<&str> = word.split('.').collect();
    let is_number =
        |part: &&str| part.parse::<u16>().is_ok_and(|n| n < 1000 && n.to_string() == *part);
    let is_good = parts.len() == 3 && parts.iter().all(is_number);
    (is_good && ["2", "4", "5"].contains(&parts[0])).then(|| word.to_owned())
}

/// What was read, written again, reads the same.
fn round_trip(whole: &Outcome, limits: &Limits) {
    let mut stream = Vec::new();
    for reply in &whole.replies {
        for (at, line) in reply.lines.iter().enumerate() {
            let mark = if at + 1 < reply.lines.len() { '-' } else { ' ' };
            stream.extend_from_slice(format!("{}{mark}", reply.code).as_bytes());
            stream.extend_from_slice(line);
            stream.extend_from_slice(b"\r\n");
        }
    }
    // A bare code is written with its space, which a small limit may not allow.
    let limits = Limits {
        reply_line_bytes_max: limits.reply_line_bytes_max + 1,
        reply_bytes_max: limits.reply_bytes_max + limits.reply_lines_max,
        ..*limits
    };
    let again = run([&stream[..]], &limits);
    assert_eq!(again.error, None);
    let plain = |replies: &[Told]| {
        let mut replies = replies.to_vec();
        replies.iter_mut().for_each(|reply| reply.offset = 0);
        replies
    };
    assert_eq!(plain(&again.replies), plain(&whole.replies));
}
