//! Thousands that ask for work on the disk which costs them a line each: the others are served.

use super::budget::{bounded, crowd};
use super::host::Host;
use crate::peer::{HELLO, frame};

#[test]
fn thousands_that_list_again_and_again_do_not_keep_others_from_being_served() {
    let host = Host::start(&[]);
    std::fs::create_dir(host.path("many")).unwrap();
    for at in 0..1000 {
        std::fs::write(host.path(&format!("many/{at:04}{}", "n".repeat(100))), "").unwrap();
    }
    let asks: Vec<u8> = (1..=60)
        .flat_map(|id| frame(format!(r#"{{"type":"list","id":{id}}}"#).as_bytes()))
        .collect();
    let many = crowd(host.address(), 1000, &[frame(HELLO.as_bytes()), asks].concat());
    bounded(&host, "listings");
    drop(many);
}

#[test]
fn thousands_that_let_a_file_be_hashed_do_not_keep_others_from_being_served() {
    let host = Host::start(&[]);
    std::fs::File::create(host.path("large")).unwrap().set_len(1 << 34).unwrap();
    let mut peer = host.greeted();
    peer.say(r#"{"type":"get","id":1,"name":"large"}"#).unwrap();
    let file = peer.hear().unwrap().unwrap();
    let etag = file["etag"].as_str().unwrap();
    drop(peer);
    let hello = HELLO.replace("none", "sha256");
    let ask = format!(
        r#"{{"type":"get","id":1,"name":"large","offset":{},"etag":"{etag}"}}"#,
        1u64 << 34
    );
    let bytes = [frame(hello.as_bytes()), frame(ask.as_bytes())].concat();
    let many = crowd(host.address(), 500, &bytes);
    bounded(&host, "hashes");
    drop(many);
}
