//! The rules of JSON that a text can break, each with the section that states it.
//!
//! Specification: RFC 8259. Four rules are stricter than the RFC, and name wirewright: the text is
//! an object (§2 allows any value), member names are unique (§4 only recommends it), and numbers
//! (§6) and nesting (§9) have limits, which the RFC permits.

/// A rule, and the section that states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) words: &'static str,
    pub(super) section: &'static str,
}

const fn rule(words: &'static str, section: &'static str) -> Rule {
    Rule { words, section }
}

// ---- the text as a whole -----------------------------------------------------------------------

pub(super) const OBJECT: Rule =
    rule("wirewright requires one JSON object, which begins with {", "RFC 8259 §4");
pub(super) const BYTE_ORDER_MARK: Rule =
    rule("the text begins with {, not with a byte order mark", "RFC 8259 §8.1");
pub(super) const UTF_8: Rule = rule("the text is valid UTF-8", "RFC 8259 §8.1");
pub(super) const AFTER_OBJECT: Rule = rule("only white space follows the object", "RFC 8259 §2");
pub(super) const COMMENT: Rule =
    rule("only white space stands between tokens: JSON has no comments", "RFC 8259 §2");
pub(super) const COMPLETE: Rule = rule("the text is one whole JSON object", "RFC 8259 §2");

// ---- objects and arrays ------------------------------------------------------------------------

pub(super) const NAME: Rule = rule(
    "a member name is a string, and a string begins with a quotation mark",
    "RFC 8259 §4 and §7",
);
pub(super) const NAME_AFTER_COMMA: Rule =
    rule("a comma in an object is followed by another member", "RFC 8259 §4");
pub(super) const COLON: Rule = rule("a colon follows the member name", "RFC 8259 §4");
pub(super) const AFTER_MEMBER: Rule =
    rule("a comma or the closing brace follows a member", "RFC 8259 §4");
pub(super) const AFTER_ELEMENT: Rule =
    rule("a comma or the closing bracket follows an array element", "RFC 8259 §5");
pub(super) const ELEMENT_AFTER_COMMA: Rule =
    rule("a comma in an array is followed by another value", "RFC 8259 §5");
pub(super) const CLOSED_AS_OPENED: Rule =
    rule("{ is closed by }, and [ by ]", "RFC 8259 §4 and §5");
pub(super) const DUPLICATE: Rule = rule(
    "wirewright requires unique member names in an object (the RFC recommends them)",
    "RFC 8259 §4",
);
pub(super) const DEPTH: Rule = rule(
    "wirewright allows at most 127 levels of nesting (the RFC permits such a limit)",
    "RFC 8259 §9",
);

// ---- values ------------------------------------------------------------------------------------

pub(super) const VALUE: Rule =
    rule("a value is an object, an array, a number, a string, true, false or null", "RFC 8259 §3");
pub(super) const LITERAL: Rule =
    rule("the only literals are true, false and null, in lower case", "RFC 8259 §3");
pub(super) const NOT_A_NUMBER: Rule = rule(
    "literals are true, false and null; NaN and Infinity are no numbers",
    "RFC 8259 §3 and §6",
);
pub(super) const QUOTATION_MARK: Rule =
    rule("a string begins with a quotation mark", "RFC 8259 §7");

// ---- numbers -----------------------------------------------------------------------------------

pub(super) const LEADING_ZERO: Rule = rule("a number has no leading zeros", "RFC 8259 §6");
pub(super) const PLUS: Rule = rule("a number has no plus sign before it", "RFC 8259 §6");
pub(super) const POINT_FIRST: Rule =
    rule("a number has a digit before its decimal point", "RFC 8259 §6");
pub(super) const AFTER_MINUS: Rule = rule("a digit follows the minus sign", "RFC 8259 §6");
pub(super) const FRACTION: Rule = rule("a digit follows the decimal point", "RFC 8259 §6");
pub(super) const EXPONENT: Rule =
    rule("an exponent has a digit, after its sign if it has one", "RFC 8259 §6");
pub(super) const NUMBER: Rule =
    rule("a number is decimal digits, then a fraction and an exponent or not", "RFC 8259 §6");
pub(super) const NUMBER_RANGE: Rule = rule(
    "wirewright allows numbers in the range of a 64-bit float (the RFC permits such a limit)",
    "RFC 8259 §6",
);

// ---- strings -----------------------------------------------------------------------------------

pub(super) const CONTROL: Rule = rule("a control character in a string is escaped", "RFC 8259 §7");
pub(super) const ESCAPE: Rule =
    rule("a backslash is followed by one of \" \\ / b f n r t u", "RFC 8259 §7");
pub(super) const FOUR_DIGITS: Rule =
    rule("\\u is followed by four hexadecimal digits", "RFC 8259 §7");
pub(super) const SURROGATE: Rule =
    rule("a surrogate escape is one of a pair, high before low", "RFC 8259 §8.2");

// ---- the payload -------------------------------------------------------------------------------

pub(super) const PAYLOAD: Rule = rule("the payload is a string of base64", "RFC 4648 §4");

// ---- the rule that a byte breaks ---------------------------------------------------------------

/// The rule for a byte that does not begin a value.
pub(super) fn not_a_value(byte: u8) -> Rule {
    match byte {
        b'+' => PLUS,
        b'.' => POINT_FIRST,
        b'\'' => QUOTATION_MARK,
        b'/' => COMMENT,
        b'N' | b'I' => NOT_A_NUMBER,
        b'A'..=b'Z' | b'a'..=b'z' => LITERAL,
        _ => VALUE,
    }
}

/// The rule to report for a byte that breaks `rule`: a `/` between tokens begins a comment.
pub(super) fn more_specific(rule: Rule, byte: u8) -> Rule {
    let between = [NAME, COLON, AFTER_MEMBER, AFTER_ELEMENT, AFTER_OBJECT, OBJECT];
    if byte == b'/' && between.contains(&rule) { COMMENT } else { rule }
}
