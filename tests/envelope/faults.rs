//! Faulty texts, each with the section that states the rule it breaks, our words for the rule, and
//! the offset of the byte that breaks it. No word is serde_json's.

use super::{LIMITS, every_cut};
use crate::serde_words::SERDE_WORDS;
use proptest::prelude::*;
use wirewright::error::Error;

/// Section and rule, and the texts that break it with the offsets of their faults.
type Row = (&'static str, &'static str, &'static [(&'static [u8], u64)]);

const FAULTS: &[Row] = &[
    (
        "RFC 8259 §4",
        "wirewright requires one JSON object, which begins with {",
        &[(b"[]", 0), (b"\"x\"", 0), (b"1", 0), (b"null", 0), (b"GET / HTTP/1.1", 0), (b"\0{", 0)],
    ),
    (
        "RFC 8259 §8.1",
        "the text begins with {, not with a byte order mark",
        &[(b"\xef\xbb\xbf{}", 0), (b"\xff\xfe{\0", 0)],
    ),
    (
        "RFC 8259 §2",
        "only white space stands between tokens: JSON has no comments",
        &[
            (b"/* */{}", 0),
            (b"//x\n{}", 0),
            (b"{}// end", 2),
            (b"{/**/\"a\":1}", 1),
            (b"{\"a\":/**/1}", 5),
            (b"{\"a\":1//\n}", 6),
        ],
    ),
    (
        "RFC 8259 §2",
        "only white space follows the object",
        &[(b"{}x", 2), (b"{} {}", 3), (b"{}]", 2), (b"{\"a\":1}}", 7)],
    ),
    (
        "RFC 8259 §4 and §7",
        "a member name is a string, and a string begins with a quotation mark",
        &[
            (b"{'a':1}", 1),
            (b"{a:1}", 1),
            (b"{1:2}", 1),
            (b"{,}", 1),
            (b"{\"a\":1,,\"b\":2}", 7),
            (b"{\"o\":{b:1}}", 6),
            (b"{\"o\":{'b':1}}", 6),
            (b"{\"o\":{,}}", 6),
        ],
    ),
    (
        "RFC 8259 §4",
        "a comma in an object is followed by another member",
        &[(b"{\"a\":1,}", 7), (b"{\"o\":{\"b\":1,}}", 12)],
    ),
    (
        "RFC 8259 §4",
        "a colon follows the member name",
        &[
            (b"{\"a\" 1}", 5),
            (b"{\"a\"=1}", 4),
            (b"{\"o\":{\"b\"}}", 9),
            (b"{\"o\":{\"b\" 1}}", 10),
        ],
    ),
    (
        "RFC 8259 §4",
        "a comma or the closing brace follows a member",
        &[
            (b"{\"a\":1 \"b\":2}", 7),
            (b"{\"a\":1;\"b\":2}", 6),
            (b"{\"o\":{\"b\":1 2}}", 12),
            (b"{\"filedata\":\"Zm9v\"x}", 18),
        ],
    ),
    (
        "RFC 8259 §3",
        "a value is an object, an array, a number, a string, true, false or null",
        &[
            (b"{\"o\":{\"b\":}}", 10),
            (b"{\"a\":[,1]}", 6),
            (b"{\"a\":[1,,2]}", 8),
            (b"{\"a\":}", 5),
            (b"{\"a\":,\"b\":1}", 5),
        ],
    ),
    (
        "RFC 8259 §4",
        "wirewright requires unique member names in an object (the RFC recommends them)",
        &[
            (b"{\"a\":1,\"a\":2}", 9),
            (b"{\"a\":1,\"\\u0061\":2}", 14),
            (b"{\"o\":[{\"b\":1,\"b\":2}]}", 15),
            (b"{\"filedata\":\"\",\"filedata\":\"\"}", 24),
        ],
    ),
    ("RFC 8259 §5", "a comma in an array is followed by another value", &[(b"{\"a\":[1,]}", 8)]),
    (
        "RFC 8259 §5",
        "a comma or the closing bracket follows an array element",
        &[(b"{\"a\":[1 2]}", 8), (b"{\"a\":[1;2]}", 7)],
    ),
    (
        "RFC 8259 §4 and §5",
        "{ is closed by }, and [ by ]",
        &[(b"{\"a\":[1}", 7), (b"{\"a\":{]", 6)],
    ),
    (
        "RFC 8259 §3",
        "the only literals are true, false and null, in lower case",
        &[
            (b"{\"a\":x}", 5),
            (b"{\"a\":tru}", 8),
            (b"{\"a\":truex}", 9),
            (b"{\"a\":True}", 5),
            (b"{\"a\":nul}", 8),
            (b"{\"a\":undefined}", 5),
            (b"{\"a\":[tru]}", 9),
            (b"{\"a\":[True]}", 6),
            (b"{\"filedata\":\"Zm9v\",\"a\":tru}", 26),
        ],
    ),
    (
        "RFC 8259 §3 and §6",
        "literals are true, false and null; NaN and Infinity are no numbers",
        &[
            (b"{\"a\":None}", 5),
            (b"{\"a\":NaN}", 5),
            (b"{\"a\":Infinity}", 5),
            (b"{\"a\":[NaN]}", 6),
        ],
    ),
    (
        "RFC 8259 §6",
        "a digit follows the minus sign",
        &[(b"{\"a\":-Infinity}", 6), (b"{\"a\":-}", 6), (b"{\"a\":--1}", 6)],
    ),
    (
        "RFC 8259 §7",
        "a string begins with a quotation mark",
        &[(b"{\"a\":'x'}", 5), (b"{\"a\":['x']}", 6), (b"{\"filedata\":'Zg=='}", 12)],
    ),
    (
        "RFC 8259 §6",
        "a number has no leading zeros",
        &[(b"{\"a\":01}", 6), (b"{\"a\":-01}", 7), (b"{\"a\":00}", 6), (b"{\"a\":[01]}", 7)],
    ),
    ("RFC 8259 §6", "a digit follows the decimal point", &[(b"{\"a\":1.}", 7)]),
    (
        "RFC 8259 §6",
        "a number has a digit before its decimal point",
        &[(b"{\"a\":.5}", 5), (b"{\"a\":[.5]}", 6)],
    ),
    (
        "RFC 8259 §6",
        "a number has no plus sign before it",
        &[(b"{\"a\":+1}", 5), (b"{\"a\":[+1]}", 6)],
    ),
    (
        "RFC 8259 §6",
        "an exponent has a digit, after its sign if it has one",
        &[(b"{\"a\":1e}", 7), (b"{\"a\":1e+}", 8)],
    ),
    (
        "RFC 8259 §6",
        "a number is decimal digits, then a fraction and an exponent or not",
        &[(b"{\"a\":0x10}", 6), (b"{\"a\":1_000}", 6), (b"{\"a\":1.2.3}", 8), (b"{\"a\":1f}", 6)],
    ),
    (
        "RFC 8259 §6",
        "wirewright allows numbers in the range of a 64-bit float (the RFC permits such a limit)",
        &[(b"{\"a\":1e999}", 5), (b"{\"a\":[-1e400]}", 6)],
    ),
    (
        "RFC 8259 §7",
        "a control character in a string is escaped",
        &[
            (b"{\"a\":\"\n\"}", 6),
            (b"{\"a\":\"\t\"}", 6),
            (b"{\"a\":\"\0\"}", 6),
            (b"{\"a\x1f\":1}", 3),
            (b"{\"a\":[\"\r\"]}", 7),
            (b"{\"filedata\":\"Zm9v\nZm9v\"}", 17),
        ],
    ),
    (
        "RFC 8259 §7",
        "a backslash is followed by one of \" \\ / b f n r t u",
        &[
            (b"{\"a\":\"\\q\"}", 7),
            (b"{\"a\":\"\\'\"}", 7),
            (b"{\"a\":\"\\x41\"}", 7),
            (b"{\"\\q\":1}", 3),
            (b"{\"a\":\"\\U0041\"}", 7),
            (b"{\"filedata\":\"Zm9v\\q\"}", 17),
        ],
    ),
    (
        "RFC 8259 §7",
        "\\u is followed by four hexadecimal digits",
        &[
            (b"{\"a\":\"\\u12\"}", 10),
            (b"{\"a\":\"\\u12g4\"}", 10),
            (b"{\"filedata\":\"Zm9v\\u00g0\"}", 17),
        ],
    ),
    (
        "RFC 8259 §8.2",
        "a surrogate escape is one of a pair, high before low",
        &[
            (b"{\"a\":\"\\ud800\"}", 6),
            (b"{\"a\":\"x\\udc00\"}", 7),
            (b"{\"a\":\"\\ud800\\u0041\"}", 6),
            (b"{\"a\":\"\\ud800\\n\"}", 6),
            (b"{\"a\":\"\\ud800x\"}", 6),
            (b"{\"a\":\"\\udc00\\ud800\"}", 6),
            (b"{\"\\ud800\":1}", 2),
            (b"{\"a\":\"\\ud83d\\ud83d\"}", 6),
        ],
    ),
    (
        "RFC 8259 §8.1",
        "the text is valid UTF-8",
        &[
            (b"{\"a\":\"\xff\"}", 6),
            (b"{\"a\":\"\xc3\"}", 6),
            (b"{\"a\":\"\xed\xa0\x80\"}", 6),
            (b"{\"\xc0\x80\":1}", 2),
        ],
    ),
    (
        "RFC 4648 §4",
        "the payload is a string of base64",
        &[
            (b"{\"filedata\":7}", 12),
            (b"{\"filedata\":null}", 12),
            (b"{\"filedata\":[\"Zg==\"]}", 12),
        ],
    ),
    (
        "RFC 4648 §3.2",
        "base64 text is a multiple of four characters",
        &[
            (b"{\"filedata\":\"Zg\"}", 15),
            (b"{\"filedata\":\"Z\"}", 14),
            (b"{\"filedata\":\"Zg=\"}", 16),
            (b"{\"filedata\":\"Zm9\"}", 16),
        ],
    ),
    (
        "RFC 4648 §4",
        "padding only completes the last four characters",
        &[
            (b"{\"filedata\":\"====\"}", 13),
            (b"{\"filedata\":\"Z===\"}", 14),
            (b"{\"filedata\":\"Zg=x\"}", 16),
        ],
    ),
    (
        "RFC 4648 §3.3",
        "nothing follows base64 padding",
        &[(b"{\"filedata\":\"Zg==Zg==\"}", 17), (b"{\"filedata\":\"Zg===\"}", 17)],
    ),
    (
        "RFC 4648 §3.5",
        "the unused bits of the last base64 character are zero",
        &[
            (b"{\"filedata\":\"Zh==\"}", 14),
            (b"{\"filedata\":\"QR==\"}", 14),
            (b"{\"filedata\":\"Zm9=\"}", 15),
            (b"{\"filedata\":\"Zm9vZm9=\"}", 19),
            (b"{\"filedata\":\"Z\\u0068==\"}", 14),
            (b"{\"filedata\":\"Zh\\u003d=\"}", 14),
        ],
    ),
    (
        "RFC 4648 §3.3",
        "only the standard base64 alphabet",
        &[
            (b"{\"filedata\":\"Zm9v-_==\"}", 17),
            (b"{\"filedata\":\"Zm9v Zm9v\"}", 17),
            (b"{\"filedata\":\"Zm9v\\nZm9v\"}", 17),
            (b"{\"filedata\":\"Zm\xff9\"}", 15),
        ],
    ),
];

#[test]
fn each_fault_names_its_section_rule_and_byte() {
    let mut count = 0;
    for (section, rule, texts) in FAULTS {
        for (text, offset) in *texts {
            let shown = text.escape_ascii();
            let error = every_cut(text, LIMITS).error.expect("a faulty text");
            let got = (error.kind(), error.section(), error.offset());
            assert_eq!(got, ("malformed", Some(*section), Some(*offset)), "{shown}: {error}");
            assert_eq!(error.reason(), *rule, "{shown}");
            count += 1;
        }
    }
    assert!(count > 100, "{count} texts");
}

/// Ours are said to be ours, and nothing else is.
#[test]
fn rules_and_limits_of_ours_say_so() {
    let depth = format!("{{\"a\":{}1{}}}", "[".repeat(127), "]".repeat(127));
    let members: Vec<String> = (0..65_537).map(|i| format!("\"{i}\":0")).collect();
    let members = format!("{{{}}}", members.join(","));
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(4096));
    let large = wirewright::envelope::Limits { rest_bytes_max: 1 << 20 };
    for (text, limits, section, reason) in [
        (&depth, LIMITS, "RFC 8259 §9", "wirewright allows at most 127 levels"),
        (&members, large, "RFC 8259 §9", "more than our limit of 65536 (members_max)"),
        (&long, LIMITS, "RFC 8259 §9", "more than our limit of 4096 (rest_bytes_max)"),
    ] {
        let error = super::run([text.as_bytes()], limits, 4096).error.expect("too much");
        assert_eq!(error.section(), Some(section), "{error}");
        assert!(error.reason().starts_with(reason), "{error}");
    }
    for (_, rule, _) in FAULTS {
        let is_ours = ["object, which begins", "unique member names", "64-bit float"];
        let is_ours = is_ours.iter().any(|words| rule.contains(words));
        assert_eq!(rule.starts_with("wirewright "), is_ours, "{rule}");
    }
}

/// A text with some of its bytes changed.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let texts: Vec<&[u8]> = FAULTS.iter().flat_map(|row| row.2).map(|row| row.0).collect();
    let byte = prop_oneof![
        proptest::sample::select(b"{}[],:\"\\/+-.019eEtfnuNdD \n".to_vec()),
        any::<u8>()
    ];
    let changes = proptest::collection::vec((any::<u16>(), byte, 0..3u8), 1..4);
    (proptest::sample::select(texts), changes).prop_map(|(text, changes)| {
        let mut text = text.to_vec();
        for (at, byte, how) in changes {
            let at = usize::from(at) % (text.len() + 1);
            match how {
                0 => text.insert(at, byte),
                _ if at == text.len() => text.push(byte),
                1 => text[at] = byte,
                _ => drop(text.remove(at)),
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_error_is_told_in_words_of_serde_json(text in mutated()) {
        let error = super::run([&*text], LIMITS, 4096).error;
        let said = error.as_ref().map_or(String::new(), Error::to_string);
        let word = SERDE_WORDS.iter().find(|word| said.contains(**word));
        prop_assert_eq!(word, None, "{}: {}", text.escape_ascii(), said);
        // The fallback, for a text in which no rule was found to be broken.
        prop_assert!(!said.contains("one whole JSON object"), "{}: {}", text.escape_ascii(), said);
    }
}
