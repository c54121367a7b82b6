//! Oracles of names: a second implementation of the grammar accepts the same names, a name joined
//! to a root stays beneath it, and a name made safe is one harmless segment.

use std::path::{Component, Path};
use wirewright::name::Name;
use wirewright::name::{Distinct, SAFE_BYTES_MAX, from_url_path, safe, safe_path};

/// The property, for a text and for its repetitions, so that the limits of length are near.
pub fn check(data: &[u8]) {
    let Some((&times, text)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    one(&text);
    if times > 1 && !text.is_empty() {
        let times = usize::from(times).min(1100 / text.len() + 1);
        one(&text.repeat(times));
    }
}

fn one(text: &str) {
    let name = Name::new(text);
    assert_eq!(name.is_ok(), is_name(text), "{text:?}: {name:?}");
    let single = Name::single(text);
    assert_eq!(single.is_ok(), is_name(text) && !text.contains('/'), "{text:?}: {single:?}");
    for error in [name.as_ref().err(), single.as_ref().err()].into_iter().flatten() {
        let offset = error.offset().expect("an offset") as usize;
        assert!(offset <= text.len(), "{error} in {} bytes", text.len());
    }
    if let Ok(name) = name {
        assert_eq!(name.as_str(), text);
        stays_beneath(&name);
    }
    is_made_safe(text);
}

/// What is made of a text is a name of one segment, not hidden, no option, all of it seen, short
/// enough for a number, and safe already; what was all that before is left alone.
fn is_made_safe(text: &str) {
    for name in [safe(text), from_url_path(text)] {
        is_safe(&name, text);
        assert_eq!(safe(&name), name, "{text:?}");
        let same = safe(text) == text;
        assert!(same || !is_harmless(text), "{text:?}");
    }
    let path = safe_path(text);
    path.split('/').for_each(|segment| is_safe(segment, text));
    let mut names = Distinct::default();
    let given: Vec<String> = text.split('\n').chain([text, text]).map(safe).collect();
    let given: Vec<String> = given.iter().map(|one| names.name(one)).collect();
    let folded: std::collections::HashSet<String> =
        given.iter().map(|name| name.to_lowercase()).collect();
    assert_eq!(folded.len(), given.len(), "{given:?}");
    for name in given {
        assert!(Name::single(&name).is_ok(), "{name:?}");
    }
}

fn is_safe(name: &str, text: &str) {
    assert!(Name::single(name).is_ok(), "{text:?}: {name:?}");
    assert!(name.len() <= SAFE_BYTES_MAX, "{text:?}: {name:?}");
    assert!(!name.starts_with(['.', '-']), "{text:?}: {name:?}");
    assert_eq!(name.trim(), name, "{text:?}");
    assert!(!name.chars().any(turns_or_hides), "{text:?}: {name:?}");
}

/// Letters, digits and a few signs, in an order that means nothing to anybody.
fn is_harmless(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let first = text.chars().next();
    first.is_some_and(|c| c.is_ascii_digit() || c == '_')
        && text.len() <= SAFE_BYTES_MAX
        && text.chars().all(plain)
}

/// Read once more from the tables of Unicode: Cc, Bidi_Control, and what has no width.
fn turns_or_hides(c: char) -> bool {
    let code = u32::from(c);
    code < 0x20
        || (0x7F..=0x9F).contains(&code)
        || [0xAD, 0x61C, 0x180E, 0xFEFF].contains(&code)
        || (0x200B..=0x200F).contains(&code)
        || (0x2028..=0x202E).contains(&code)
        || (0x2060..=0x206F).contains(&code)
        || (0xFFF9..=0xFFFB).contains(&code)
        || (0xE0000..=0xE007F).contains(&code)
}

/// The grammar of `PROTOCOL.md` §10, read once more, character by character.
fn is_name(text: &str) -> bool {
    let mut segment = String::new();
    for character in text.chars().chain(['/']) {
        if character != '/' {
            segment.push(character);
            continue;
        }
        let dots = segment == "." || segment == "..";
        if segment.is_empty() || segment.len() > 255 || dots || segment.contains('\\') {
            return false;
        }
        let code = |c: char| u32::from(c);
        if segment.chars().any(|c| code(c) < 0x20 || (0x7F..=0x9F).contains(&code(c))) {
            return false;
        }
        if segment.starts_with(".wirewright-") {
            return false;
        }
        segment.clear();
    }
    text.len() <= 1024
}

/// A path sees in the name what the name says: so many plain segments, none of which leads up or
/// out.
fn stays_beneath(name: &Name) {
    let text = name.as_str();
    let path = Path::new(text);
    let segments: Vec<&str> = text.split('/').collect();
    let seen: Vec<Component> = path.components().collect();
    let plain: Vec<Component> = segments.iter().map(|s| Component::Normal(s.as_ref())).collect();
    assert_eq!(seen, plain, "{text:?}");
    let joined = Path::new("/srv/root").join(path);
    assert_eq!(joined.strip_prefix("/srv/root"), Ok(path), "{text:?}");
    assert_eq!(joined.components().count(), 3 + segments.len(), "{text:?}");
    assert_eq!(Some(name.base().as_ref()), path.file_name(), "{text:?}");
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    assert_eq!(name.parent().map(Path::new), parent, "{text:?}");
    assert_eq!(name.to_string(), wirewright::text::escape(text), "escaped where it is shown");
}
