//! Command lines that parse, and command lines that do not.

use super::*;
use clap::CommandFactory as _;

fn parses(line: &str) -> bool {
    Cli::try_parse_from(format!("wirewright {line}").split(' ')).is_ok()
}

#[test]
fn the_definitions_hold_together() {
    Cli::command().debug_assert();
}

/// Command lines that parse.
const GOOD: &[&str] = &[
    "serve x",
    "serve x --classic --tls-cert c --tls-key k --listen [::1]:0",
    "serve x --writable --token-file - --grace 0 --max-connections 5 --threads 2",
    "ls h:1 --json --trace --timeout 0.5",
    "get h:1 a b/c -o d/ --digest sha256 -j 4 --no-resume --durability none",
    "get h:1 -o - -- -name",
    "get --classic h:1",
    "get h:1 a -4",
    "ls -6 h:1",
    "put -4 h:1 a",
    "mail --check --server smtp://h -6",
    "time get -4 h:1 --udp",
    "udp send h:1 -6",
    "get --classic h:1 -o x --tls --cacert c --tls-name n",
    "put h:1 a b --overwrite --token-file t",
    "bench",
    "bench memcpy loopback-raw --size 64M --seconds 1.5 --connections 9 --json",
    "bench --sweep latency --sweep file-size --sweep-max 4G --threads 2 --html page.html",
    "bench copy --csv numbers.csv",
    "explain envelope",
    "explain frame - --split 1 --json --payload data",
    "explain http x --method HEAD --strict --json",
    "http http://h/",
    "http PUT http://h/ -d @f -H a:b -H c: -o d/ -i -L --max-redirects 3 --fail --json",
    "http http://h/ --form a=b --form c= --user u --password-file - --cacert c",
    "http http://h/ --json-body 1 --identity --strict --max-body 1M --min-rate 1k",
    "download http://h/a http://h/b -o d -j 4 --per-host 2 --no-resume --insecure",
    "download --from http://h/ --select /a/*/b --durability fsync",
    "sms --gateway http://h/ --account a --password-file f --mobile +1-2 --content c",
    "explain smtp x --json --split 3",
    "time serve",
    "time serve --listen [::1]:0 --udp --trace --timeout 3",
    "time get h:1 --udp --json --timeout 0.5",
    "udp recv --listen h:0 --seconds 0.5 --json",
    "udp send h:1 --rate 1G --size 65507 --seconds 1 --json",
    "udp send h:1 --size 32 --rate 800",
    "udp send h:1 --file x --size 49 --rate 800",
    "udp recv -o x --durability rename --seconds 1",
    "completions bash",
    "man",
    "man time serve",
];

#[test]
fn what_parses() {
    for line in GOOD {
        assert!(parses(line), "{line}");
    }
}

/// Command lines that are usage errors.
const BAD: &[&str] = &[
    "serve",
    "serve x --tls-cert c",
    "serve x --tls-key k",
    "serve x --classic --token-file t",
    "serve x --classic --writable",
    "serve x --max-connections 0",
    "serve x --threads 0",
    "serve x --listen 5566",
    "ls",
    "ls h",
    "ls h:1 --timeout 0",
    "get h:1",
    "get h:1 a --classic",
    "get --classic h:1 --token-file t",
    "get h:1 a --digest md5",
    "get h:1 a -j 0",
    "get h:1 a --durability some",
    "get h:1 a --cacert c",
    "get h:1 a --tls-name n",
    "put h:1",
    "bench --size 0",
    "bench --seconds x",
    "bench --seconds 0",
    "bench --sweep",
    "bench --sweep everything",
    "bench --threads 0",
    "bench --connections 0",
    "bench --html",
    "explain",
    "explain http --method POST",
    "explain http --method head",
    "explain imap",
    "explain frame --split 0",
    "http",
    "http GET http://h/ x",
    "http http://h/ -d x --form a=b",
    "http http://h/ --form a",
    "http http://h/ --json-body 1 -d x",
    "http http://h/ --user u",
    "http http://h/ --password-file f",
    "http http://h/ --max-redirects 3",
    "http http://h/ --cacert c --insecure",
    "http http://h/ --max-body 0",
    "http http://h/ --connect-timeout 0",
    "download",
    "download http://h/ --select /a",
    "download http://h/ -j 0",
    "download http://h/ --per-host 0",
    "sms --gateway http://h/ --account a --password-file f --mobile 1",
    "sms --gateway http://h/ --account a --password-file f --mobile x --content c",
    "sms --gateway http://h/ --account a --password-file f --mobile + --content c",
    "sms --gateway http://h/ --account a --mobile 1 --content c",
    "time",
    "time get",
    "time serve --listen 6789",
    "udp",
    "udp send",
    "udp send h:1 --size 31",
    "udp send h:1 --size 65508",
    "udp send h:1 --rate 0",
    "udp send h:1 --seconds 0",
    "udp recv --seconds 0",
    "udp send h:1 --file x --seconds 1",
    "completions",
    "completions cmd",
    "nothing",
];

#[test]
fn what_does_not() {
    for line in BAD {
        assert!(!parses(line), "{line}");
    }
}
