//! Arbitrary samples through the oracle: built, written in any pieces, read again.

use crate::oracle::{Sample, check, check_sample};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

/// Text in which all that matters is near.
const TEXT: &str = "([ -~]|[\r\n\t]|é|王|🦀|=\\?|\\?=|From |\\.|\\PC|\u{10A}|\\x00){0,120}";
const VALUE: &str = "([ -~]|  |\t|é|王|🦀|=\\?|\\?=|\\PC|[a-z]{20,90}){0,60}";
const MAILBOX: &str =
    "(\"([ -!#-\\[\\]-~]|王|\\\\\"){0,40}\" |[a-zA-Z.é王 ]{0,90})?<[a-z.é王]{1,9}@[a-z]{1,9}>";

fn samples() -> impl Strategy<Value = Sample> {
    let file = (VALUE, vec(any::<u8>(), 0..400), any::<bool>());
    let sizes = (any::<u64>(), any::<bool>(), 1usize..200, 128usize..600);
    let fields = (vec(MAILBOX, 0..4), of(VALUE), vec(("X-[a-z]{0,72}", VALUE), 0..3));
    let body = (of(TEXT), of(TEXT), vec(file, 0..4));
    (sizes, fields, body).prop_map(|(sizes, fields, body)| {
        let (seed, compat_names, piece, room) = sizes;
        let (mailboxes, subject, headers) = fields;
        let (text, html, files) = body;
        Sample {
            seed,
            compat_names,
            piece,
            out_max: room,
            mailboxes,
            subject,
            headers,
            text,
            html,
            files,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn what_is_built_is_read_again(sample in samples()) {
        check_sample(&sample);
    }

    #[test]
    fn any_text_is_a_subject_or_refused(subject in any::<String>(), name in any::<String>()) {
        let mailboxes = vec![format!("{name} <a@b>"), format!("\"{name}\" <a@b>"), name.clone()];
        let files = vec![(name, Vec::new(), false)];
        check_sample(&Sample { subject: Some(subject), mailboxes, files, ..Sample::default() });
    }
}

#[test]
fn inputs_of_the_fuzzer() {
    check(&[0, 9, 0]);
    check("\u{2}\u{9}\u{0}王 <a@b>\0c@d\0x\0X-A\0b\0text\0html\0名.txt\0content".as_bytes());
}
