//! Forms: `application/x-www-form-urlencoded`.
//!
//! ```text
//!   name=王大锤, note=a b&c    ─▶    name=%E7%8E%8B%E5%A4%A7%E9%94%A4&note=a+b%26c
//! ```
//!
//! Specification: the WHATWG URL standard, §5.2 (the serializer), with UTF-8: a space becomes `+`,
//! letters, digits and `*-._` stay, every other byte is percent-encoded, line ends as they are.

/// The media type of a form.
pub const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// Appends a field, after an `&` unless it is the first.
pub fn push(form: &mut String, name: &str, value: &str) {
    if !form.is_empty() {
        form.push('&');
    }
    encode(form, name);
    form.push('=');
    encode(form, value);
}

fn encode(form: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b' ' => form.push('+'),
            b'*' | b'-' | b'.' | b'_' => form.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => form.push(char::from(byte)),
            byte => form.push_str(&format!("%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_joined_and_encoded() {
        let mut form = String::new();
        for (name, value) in [
            ("content", "您的验证码是：147258。"),
            ("a b", "1+1=2&c"),
            ("", ""),
            ("*-._~", "\r\n\0/"),
        ] {
            push(&mut form, name, value);
        }
        // python3: urllib.parse.urlencode, but for `*` and `~`, where it follows RFC 3986.
        assert_eq!(
            form,
            "content=%E6%82%A8%E7%9A%84%E9%AA%8C%E8%AF%81%E7%A0%81%E6%98%AF%EF%BC%9A147258\
             %E3%80%82&a+b=1%2B1%3D2%26c&=&*-._%7E=%0D%0A%00%2F"
        );
    }
}
