//! Bytes as the files of cases write them.

/// `\r`, `\n`, `\t`, `\0`, `\\` and `\xNN` stand for one byte each.
pub fn unescape(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let (&kind, behind) = rest.split_first().expect("something behind a backslash");
        rest = behind;
        bytes.push(match kind {
            b'r' => b'\r',
            b'n' => b'\n',
            b't' => b'\t',
            b'0' => 0,
            b'\\' => b'\\',
            b'x' => {
                let (digits, behind) = rest.split_at(2);
                rest = behind;
                let digits = std::str::from_utf8(digits).expect("digits");
                u8::from_str_radix(digits, 16).expect("hexadecimal")
            }
            other => panic!("\\{} in {text}", char::from(other)),
        });
    }
    bytes
}
