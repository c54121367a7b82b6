//! The oracle over made-up streams.

use crate::oracle;
use proptest::prelude::*;

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 200 OK\r\n",
        "HTTP/1.1 103 x\r\n\r\n",
        "HTTP/1.1 204\r\n",
        "Content-Length: 5\r\n",
        "Content-Length: 5, 5\n",
        "Transfer-Encoding: chunked\r\n",
        "Connection: keep-alive\r\n",
        "X: y\r\n",
        " folded\r\n",
        "\r\n",
        "\n",
        "\r",
        "hello",
        "5\r\nhello\r\n",
        "5 ;x\r\nhello\r\n",
        "0\r\n\r\n",
        "0\r\nA: b\r\n\r\n",
        ":",
        "\0",
    ]);
    prop::collection::vec(piece, 0..9).prop_map(|parts| parts.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn hold(choice in 0u8..32, step in 0u8..20, small in any::<u8>(), text in stream()) {
        oracle::check(&[&[choice, step, small], &text[..]].concat());
        let headed = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &text[..]].concat();
        oracle::check(&[&[choice & !3, step, small], &headed[..]].concat());
    }
}
