//! Servers of each protocol that say what a closure tells them to.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// How long anything here is waited for, on a machine that is busy.
const WAIT: Duration = Duration::from_secs(60);

/// A listener that gives each connection to `script`, on a thread of its own. Gives its address;
/// ends with the process of the test.
pub fn listen(script: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let script = Arc::new(script);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            stream.set_read_timeout(Some(WAIT)).unwrap();
            stream.set_write_timeout(Some(WAIT)).unwrap();
            let script = script.clone();
            std::thread::spawn(move || script(stream));
        }
    });
    address
}

/// Reads what still comes. The client may end by a reset.
pub fn drain(mut stream: &TcpStream) {
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut room = [0; 4096];
    loop {
        match stream.read(&mut room) {
            Ok(1..) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            _ => return,
        }
    }
}

/// A message of the framed wire as it travels.
pub fn frame(message: &Value) -> Vec<u8> {
    let text = message.to_string();
    [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat()
}

/// The next message of the framed wire, if one comes.
pub fn hear(mut stream: &TcpStream) -> Option<Value> {
    let mut len = [0; 4];
    stream.read_exact(&mut len).ok()?;
    let mut body = vec![0; u32::from_be_bytes(len) as usize];
    stream.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).unwrap())
}

/// The hello of a server.
pub fn hello() -> Value {
    json!({ "type": "hello", "version": 1, "max_frame": 1 << 20, "digest": "blake3" })
}

/// A framed server that answers each message with those that `answer` gives.
pub fn framed(answer: impl Fn(&Value) -> Vec<Value> + Send + Sync + 'static) -> String {
    listen(move |stream| {
        while let Some(message) = hear(&stream) {
            let answers: Vec<u8> = answer(&message).iter().flat_map(frame).collect();
            // The client may have heard enough.
            if (&stream).write_all(&answers).is_err() {
                return;
            }
        }
    })
}

/// An HTTP server that answers each request with the bytes that `answer` gives for its head.
pub fn http(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> String {
    listen(move |stream| {
        let mut input = BufReader::new(&stream);
        loop {
            let (mut head, mut len) = (String::new(), 0);
            while !head.ends_with("\r\n\r\n") {
                match input.read_line(&mut head) {
                    Ok(1..) => {}
                    _ => return,
                }
            }
            for line in head.lines() {
                if let Some(value) = line.strip_prefix("Content-Length: ") {
                    len = value.parse().unwrap();
                }
            }
            let mut body = vec![0; len];
            if input.read_exact(&mut body).is_err() || (&stream).write_all(&answer(&head)).is_err()
            {
                return;
            }
        }
    })
}

/// An SMTP server that answers each line with what `answer` gives; `greeting` and `end` are lines
/// of their own.
pub fn smtp(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> String {
    listen(move |stream| {
        let mut input = BufReader::new(&stream);
        let mut line = "greeting".to_owned();
        let mut in_message = false;
        loop {
            if !in_message {
                let reply = answer(&line);
                if (&stream).write_all(format!("{reply}\r\n").as_bytes()).is_err() {
                    return;
                }
                in_message = reply.starts_with("354");
            }
            line.clear();
            match input.read_line(&mut line) {
                Ok(1..) => line = line.trim_end().to_owned(),
                _ => return,
            }
            if in_message && line == "." {
                (in_message, line) = (false, "end".to_owned());
            }
        }
    })
}
