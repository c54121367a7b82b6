//! The members of a message as compact JSON, one of them left out.
//!
//! Specification: RFC 8259. Numbers and escapes are kept as the peer wrote them: a tree of values
//! would round numbers and take many times the memory.

use crate::commands::tokens::Tokens;
use wirewright::envelope::Decoder;

/// Passes the members that `decoder` has collected to `write`, piece by piece, without white space
/// and without the member `leave_out`, whose value is a scalar.
pub fn compact(decoder: &Decoder, leave_out: &str, write: impl FnMut(&str)) {
    // The decoder has checked that the bytes are UTF-8, so nothing is lost or copied.
    compact_text(&String::from_utf8_lossy(decoder.rest()), leave_out, write);
}

fn compact_text(text: &str, leave_out: &str, mut write: impl FnMut(&str)) {
    let mut tokens = Tokens(text);
    let (mut depth, mut key_next, mut first) = (0u32, false, true);
    while let Some(token) = tokens.next() {
        let at_top = depth == 1;
        match token {
            "{" | "[" => depth += 1,
            "}" | "]" => depth -= 1,
            _ => {}
        }
        if at_top && token == "," {
            key_next = true;
            continue;
        }
        if at_top && key_next && token.starts_with('"') {
            key_next = false;
            if is_key(token, leave_out) {
                // The colon and the value.
                tokens.nth(1);
                continue;
            }
            if !first {
                write(",");
            }
            first = false;
        }
        key_next |= token == "{" && depth == 1;
        write(token);
    }
}

fn is_key(token: &str, key: &str) -> bool {
    match token.contains('\\') {
        true => serde_json::from_str::<String>(token).is_ok_and(|name| name == key),
        false => token[1..token.len() - 1] == *key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compacted(text: &str) -> String {
        let mut out = String::new();
        compact_text(text, "data", |piece| out.push_str(piece));
        out
    }

    #[test]
    fn table() {
        for (text, expected) in [
            ("{}", "{}"),
            (" {\n} ", "{}"),
            ("{\"data\":null}", "{}"),
            ("{ \"data\" : null }", "{}"),
            ("{\"d\\u0061ta\":null,\"b\":1}", "{\"b\":1}"),
            ("{\"a\" : 1 , \"data\" : null}", "{\"a\":1}"),
            ("{\"data\":null,\"a\":1}", "{\"a\":1}"),
            (
                "{\"a\":1,\"data\":null,\"b\":[1, {\"data\" :2}]}",
                "{\"a\":1,\"b\":[1,{\"data\":2}]}",
            ),
            ("{\"a\":\"data\",\"b\":\"x\"}", "{\"a\":\"data\",\"b\":\"x\"}"),
            ("{\"a\":[\"data\",\"b\"],\"c\":{}}", "{\"a\":[\"data\",\"b\"],\"c\":{}}"),
            ("{\"a\\\"b\":\" , } \\\\\",\"c\":tru\u{65}}", "{\"a\\\"b\":\" , } \\\\\",\"c\":true}"),
            ("{\"n\":18446744073709551616 ,\"m\":1e5\t}", "{\"n\":18446744073709551616,\"m\":1e5}"),
        ] {
            assert_eq!(compacted(text), expected, "{text}");
        }
    }
}
