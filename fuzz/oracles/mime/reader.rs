//! A naive reader of messages, for the oracle: it holds the whole message, reads it several times,
//! and asserts the rules that every message has to keep.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A message that was read.
#[derive(Debug, Default)]
pub struct Read {
    /// The fields of its head, unfolded.
    fields: Vec<(String, String)>,
    /// Texts in their order, decoded.
    pub texts: Vec<Vec<u8>>,
    /// Files in their order: name, content, whether they are inline.
    pub files: Vec<(String, Vec<u8>, bool)>,
}

impl Read {
    /// The values of the fields of that name.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let named = self.fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// The mailboxes of the fields of that name: display name and address.
    pub fn mailboxes(&self, name: &str) -> Vec<(String, String)> {
        self.all(name).iter().flat_map(|value| split_quoted(value, ',')).map(mailbox).collect()
    }
}

/// Reads a message, and asserts what holds for its octets.
pub fn read(octets: &[u8]) -> Read {
    let text = std::str::from_utf8(octets).expect("UTF-8");
    assert!(!text.contains('\0'));
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let other = |line: &&str| !line.starts_with("To: ") && !line.starts_with(' ');
    assert!(body.is_ascii() && head.split("\r\n").filter(other).all(str::is_ascii));
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "a line end that is none");
    assert!(text.ends_with("\r\n"));
    assert!(text.split("\r\n").all(|line| line.len() <= 998));
    let mut read = Read::default();
    read.fields = part(text, &mut read);
    assert!(read.fields.iter().all(|(name, value)| value.is_ascii() || name == "To"));
    read
}

/// Reads fields, and the content behind them; gives the fields.
fn part(text: &str, read: &mut Read) -> Vec<(String, String)> {
    let (head, body) = match text.strip_prefix("\r\n") {
        Some(body) => ("", body),
        None => text.split_once("\r\n\r\n").expect("a head and a body"),
    };
    let fields = fields(head);
    let get = |name: &str| {
        let mut named = fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let first = named.next().map(|(_, value)| value.as_str());
        assert!(named.next().is_none(), "{name} twice");
        first
    };
    let Some(kind) = get("Content-Type") else {
        assert!(body.is_empty() && get("MIME-Version").is_some());
        return fields;
    };
    if kind.starts_with("multipart/") {
        multipart(kind, body, read);
        return fields;
    }
    let content = match get("Content-Transfer-Encoding") {
        Some("7bit") => body.as_bytes().to_vec(),
        Some("quoted-printable") => quoted_printable(body),
        Some("base64") => base64(body),
        other => panic!("{other:?}"),
    };
    match get("Content-Disposition") {
        None => read.texts.push(content),
        Some(disposition) => {
            let params = params(disposition);
            let name = params.iter().find(|(name, _)| name == "filename").expect("a name");
            let inline = disposition.starts_with("inline");
            assert_eq!(inline, get("Content-ID").is_some());
            read.files.push((name.1.clone(), content, inline));
        }
    }
    fields
}

/// Unfolds fields and asserts how they were folded.
fn fields(head: &str) -> Vec<(String, String)> {
    for line in head.split("\r\n") {
        assert!(!line.trim_matches([' ', '\t']).is_empty(), "{head:?}");
        // A long line has no place where it could have been folded.
        let inner = line.trim_start_matches([' ', '\t']);
        let inner = inner.split_once(": ").map_or(inner, |(_, value)| value);
        let in_quotes = line.contains('"');
        assert!(line.len() <= 78 || in_quotes || !inner.trim_end().contains(' '), "{line:?}");
        for word in line.split([' ', '\t']).filter(|word| is_word(word)) {
            assert!(word.len() <= 75 && line.len() <= 76, "{line:?}");
        }
    }
    // No field begins with an empty line, unless an encoded word does not fit beside its name.
    for (name, rest) in head.match_indices(":\r\n").map(|(at, end)| head.split_at(at + end.len())) {
        let is_name = !name.rsplit("\r\n").nth(1).unwrap_or_default().starts_with([' ', '\t']);
        if let Some(value) = rest.strip_prefix([' ', '\t']).filter(|_| is_name) {
            assert!(value.split([' ', '\r']).next().is_some_and(is_word), "{name:?}");
        }
    }
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", "\t");
    let lines = unfolded.split("\r\n").filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (name, value) = line.split_once(':').expect("a colon");
            (name.to_owned(), value.strip_prefix(' ').unwrap_or(value).to_owned())
        })
        .collect()
}

fn multipart(kind: &str, body: &str, read: &mut Read) {
    let params = params(kind);
    let boundary = &params.iter().find(|(name, _)| name == "boundary").expect("a boundary").1;
    let delimiter = format!("\r\n--{boundary}");
    let whole = format!("\r\n{body}");
    let pieces: Vec<&str> = whole.split(&delimiter).collect();
    let (first, rest) = pieces.split_first().expect("a piece");
    let (last, parts) = rest.split_last().expect("a close");
    assert_eq!((*first, *last), ("", "--\r\n"), "{body:?}");
    assert!(parts.len() > 1);
    for piece in parts {
        let piece = piece.strip_prefix("\r\n").expect("a line of its own");
        // The delimiter took the line end of the last line, be it that of the empty line.
        let is_headless = !piece.contains("\r\n\r\n");
        let end = if is_headless || piece_is_base64(piece) { "\r\n" } else { "" };
        part(&format!("{piece}{end}"), read);
    }
}

/// Whether a line end is needed to read the end of a part: not within a text.
fn piece_is_base64(piece: &str) -> bool {
    let head = piece.split_once("\r\n\r\n").map_or(piece, |(head, _)| head);
    head.contains("base64") || head.contains("multipart/")
}

/// Parameters of a value, put together and decoded: RFC 2231.
fn params(value: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, Vec<u8>, bool)> = Vec::new();
    for param in split_quoted(value, ';').skip(1) {
        let (name, value) = param.trim().split_once('=').expect("name=value");
        let is_coded = name.ends_with('*');
        let mut stem = name.split('*');
        let base = stem.next().expect("a name").to_owned();
        let number = stem.next().filter(|number| !number.is_empty());
        let value = if is_coded && number.is_none_or(|number| number == "0") {
            value.strip_prefix("UTF-8''").expect("a charset")
        } else {
            value
        };
        let bytes = if is_coded { percent(value) } else { unquote(value).into_bytes() };
        if number.is_some_and(|number| number != "0") {
            assert!(std::str::from_utf8(&bytes).is_ok(), "a character is divided: {value}");
            found.last_mut().expect("a piece before").1.extend(bytes);
        } else {
            assert!(found.iter().all(|(other, ..)| *other != base), "{base} twice");
            found.push((base, bytes, is_coded));
        }
    }
    let text = |(name, bytes, _)| (name, String::from_utf8(bytes).expect("UTF-8"));
    found.into_iter().map(text).collect()
}

fn percent(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte == b'%' {
            let digits = std::str::from_utf8(&rest[..2]).expect("digits");
            bytes.push(u8::from_str_radix(digits, 16).expect("hexadecimal"));
            rest = &rest[2..];
        } else {
            assert!(byte.is_ascii_graphic() && !b"*'()<>@,;:\\\"/[]?=".contains(&byte), "{text}");
            bytes.push(byte);
        }
    }
    bytes
}

/// Divides at a character outside of quotes.
fn split_quoted(text: &str, at: char) -> impl Iterator<Item = &str> {
    let (mut in_quotes, mut escaped) = (false, false);
    text.split(move |c| {
        let was_escaped = std::mem::take(&mut escaped);
        match c {
            '\\' if in_quotes && !was_escaped => escaped = true,
            '"' if !was_escaped => in_quotes = !in_quotes,
            _ => {}
        }
        c == at && !in_quotes
    })
}

fn unquote(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')) else {
        return text.to_owned();
    };
    let (mut said, mut escaped) = (String::new(), false);
    for c in inner.chars() {
        escaped = c == '\\' && !escaped;
        if !escaped {
            said.push(c);
        }
    }
    said
}

fn mailbox(text: &str) -> (String, String) {
    let text = text.trim();
    let bracket = split_quoted(text, '<').next().expect("a piece").len();
    match text.get(bracket + 1..) {
        Some(address) if !address.is_empty() => {
            let name = text[..bracket].trim_end();
            let is_quoted = name.starts_with('"');
            let name = if is_quoted { unquote(name) } else { decode_words(name) };
            (name, address.strip_suffix('>').expect("a bracket").to_owned())
        }
        _ => (String::new(), text.to_owned()),
    }
}

fn is_word(word: &str) -> bool {
    word.starts_with("=?") && word.ends_with("?=") && word.matches('?').count() == 4
}

/// An unstructured value or a phrase as it is shown: RFC 2047 §6.2.
pub fn decode_words(value: &str) -> String {
    let mut shown = String::new();
    let (mut rest, mut space, mut behind_word) = (value, "", false);
    while !rest.is_empty() {
        let end = rest.find([' ', '\t']).unwrap_or(rest.len());
        let word = &rest[..end];
        if is_word(word) {
            shown.push_str(if behind_word { "" } else { space });
            shown.push_str(&decode_word(word));
        } else {
            shown.push_str(space);
            shown.push_str(word);
        }
        behind_word = is_word(word);
        rest = &rest[end..];
        let end = rest.find(|c| !matches!(c, ' ' | '\t')).unwrap_or(rest.len());
        (space, rest) = rest.split_at(end);
    }
    if !behind_word {
        shown.push_str(space);
    }
    shown
}

fn decode_word(word: &str) -> String {
    let parts: Vec<&str> = word.split('?').collect();
    assert_eq!((parts[0], parts[1], parts[4]), ("=", "UTF-8", "="), "{word}");
    let bytes = match parts[2] {
        "B" => STANDARD.decode(parts[3]).expect("base64"),
        "Q" => {
            let is_good = |c: char| c.is_ascii_alphanumeric() || "!*+-/=_".contains(c);
            assert!(parts[3].chars().all(is_good), "{word}");
            octets(parts[3].replace('_', " ").as_bytes())
        }
        other => panic!("{other}"),
    };
    String::from_utf8(bytes).expect("whole characters")
}

fn quoted_printable(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (at, line) in text.split("\r\n").enumerate() {
        assert!(line.len() <= 76 && !line.ends_with([' ', '\t']), "{line:?}");
        assert!(!line.starts_with('.') && !line.starts_with("From "), "{line:?}");
        if at > 0 && bytes.last() != Some(&b'=') {
            bytes.extend_from_slice(b"\r\n");
        } else if at > 0 {
            bytes.pop();
        }
        bytes.extend_from_slice(line.as_bytes());
    }
    octets(&bytes)
}

/// Every `=XX` as its octet.
fn octets(text: &[u8]) -> Vec<u8> {
    let (mut said, mut rest) = (Vec::new(), text);
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte == b'=' {
            let digits = std::str::from_utf8(&rest[..2]).expect("digits");
            said.push(u8::from_str_radix(digits, 16).expect("hexadecimal"));
            rest = &rest[2..];
        } else {
            said.push(byte);
        }
    }
    said
}

fn base64(text: &str) -> Vec<u8> {
    let lines: Vec<&str> = text.split("\r\n").collect();
    let full = lines.len().saturating_sub(2);
    assert!(lines[..full].iter().all(|line| line.len() == 76), "{text:?}");
    assert!(lines.iter().all(|line| line.len() <= 76));
    STANDARD.decode(lines.concat()).expect("base64")
}
