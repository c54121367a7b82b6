//! The chapter's text message: a form POSTed to a gateway, and the JSON response.
//!
//!     python3 examples/gateway.py &
//!     cargo run --example text_message
//!     cargo run --example text_message -- GATEWAY_URL
//!
//! What to look at: the chapter encodes the form and sets Content-Length by hand; here the library
//! does. If the response is lost, nobody knows whether the message was sent, so the request is not
//! repeated: that could send the message twice. The command does the same, and reads the password
//! from a file, since every user of the machine can read argv:
//!
//!     wirewright sms --gateway URL --account NAME --password-file FILE --mobile N --content TEXT

use std::error::Error;
use std::time::Duration;
use wirewright::http::url::Url;
use wirewright::net::RunOptions;
use wirewright::net::http::{Client, Fetch, Options};

const GATEWAY: &str = "http://127.0.0.1:8000/webservice/sms.php?method=Submit";

fn main() -> Result<(), Box<dyn Error>> {
    let gateway = std::env::args().nth(1).unwrap_or_else(|| GATEWAY.to_owned());
    let mut fetch = Fetch::post_form(
        Url::parse(&gateway)?,
        &[
            ("account", "account"),
            ("password", "password"),
            ("content", "您的验证码是：147258。请不要把验证码泄露给其他人。"),
            ("mobile", "13800138000"),
            ("format", "json"),
        ],
    );
    fetch.headers.push("Accept", b"text/plain")?;

    let run = RunOptions::default().with_timeout(Duration::from_secs(30));
    let mut client = Client::new(Options::default().with_run(run))?;
    let answer = client.ask(fetch)?;
    let reply: serde_json::Value = serde_json::from_slice(&answer.body)?;
    println!("{}: {}", answer.status, reply);
    Ok(())
}
