//! Conversations with a dial in virtual time.
//!
//! A script is a list of moments, in milliseconds from the beginning, each with what the dial says
//! then (everything up to a `wait` or `failed`) and what happens to an attempt afterwards.

use super::*;
use rustix::io::Errno;
use std::io::ErrorKind;

const V6: [&str; 3] = ["[2001:db8::1]:80", "[2001:db8::2]:80", "[2001:db8::3]:80"];
const V4: [&str; 3] = ["192.0.2.1:80", "192.0.2.2:80", "192.0.2.3:80"];

fn address(text: &str) -> SocketAddr {
    text.parse().expect(text)
}

/// `a` to `c` are IPv6, `x` to `z` IPv4.
fn named(name: char) -> SocketAddr {
    match name {
        'a'..='c' => address(V6[name as usize - 'a' as usize]),
        _ => address(V4[name as usize - 'x' as usize]),
    }
}

fn name_of(address: SocketAddr) -> char {
    "abcxyz".chars().find(|name| named(*name) == address).expect("it is one of ours")
}

fn addresses(names: &str) -> Vec<SocketAddr> {
    names.chars().map(named).collect()
}

/// All that a dial says at a moment: `-a` for an attempt that expired, `+a` for one to start.
fn said(dial: &mut Dial, begin: Instant, now: Instant) -> String {
    let mut out = String::new();
    while let Some(address) = dial.expired(now) {
        out.push_str(&format!("-{} ", name_of(address)));
    }
    loop {
        match dial.next(now) {
            Step::Try(address) => out.push_str(&format!("+{} ", name_of(address))),
            Step::Wait(until) => {
                assert!(until > now, "a wait that is over: {out}");
                return out + &format!("wait {}", (until - begin).as_millis());
            }
            Step::Failed => return out + "failed",
        }
    }
}

/// A moment in ms, what fails just before the dial is asked, and what it then says.
type Moment = (u64, &'static str, &'static str);

const MOMENTS: [(&str, &str, &[Moment]); 14] = [
    ("none", "", &[(0, "", "failed")]),
    (
        "one, which never answers",
        "a",
        &[(0, "", "+a wait 10000"), (9999, "", "wait 10000"), (10_000, "", "-a failed")],
    ),
    ("one, refused", "x", &[(0, "", "+x wait 10000"), (7, "x", "failed"), (8, "", "failed")]),
    (
        "IPv6 is dead: IPv4 after the delay",
        "ax",
        &[(0, "", "+a wait 250"), (249, "", "wait 250"), (250, "", "+x wait 10000")],
    ),
    (
        "IPv6 is refused: IPv4 at once",
        "ax",
        &[(0, "", "+a wait 250"), (3, "a", "+x wait 10003"), (4, "x", "failed")],
    ),
    (
        "a late poll starts one attempt, not as many as were due",
        "abc",
        &[(0, "", "+a wait 250"), (1000, "", "+b wait 1250"), (1250, "", "+c wait 10000")],
    ),
    (
        "the delay counts from the latest attempt",
        "abxy",
        &[
            (0, "", "+a wait 250"),
            (100, "a", "+x wait 350"),
            (350, "", "+b wait 600"),
            (360, "x", "+y wait 10350"),
        ],
    ),
    (
        "two failures at one moment start one attempt",
        "abcx",
        &[
            (0, "", "+a wait 250"),
            (250, "", "+x wait 500"),
            (300, "ax", "+b wait 550"),
            (550, "", "+c wait 10300"),
        ],
    ),
    (
        "all time out",
        "axb",
        &[
            (0, "", "+a wait 250"),
            (250, "", "+x wait 500"),
            (500, "", "+b wait 10000"),
            (10_000, "", "-a wait 10250"),
            (10_250, "", "-x wait 10500"),
            (10_500, "", "-b failed"),
        ],
    ),
    (
        "several expire at once",
        "ax",
        &[(0, "", "+a wait 250"), (250, "", "+x wait 10000"), (20_000, "", "-a -x failed")],
    ),
    (
        "no more than three at the same time",
        "abcxyz",
        &[
            (0, "", "+a wait 250"),
            (250, "", "+x wait 500"),
            (500, "", "+b wait 10000"),
            (750, "", "wait 10000"),
            (900, "x", "+y wait 10000"),
            (10_000, "", "-a +c wait 10500"),
            (10_500, "", "-b +z wait 10900"),
        ],
    ),
    (
        "one expires before the next may start",
        "abcxyz",
        &[
            (0, "", "+a wait 250"),
            (250, "", "+x wait 500"),
            (500, "", "+b wait 10000"),
            (9900, "xb", "+y wait 10000"),
            (10_000, "", "-a +c wait 10250"),
        ],
    ),
    (
        "late words about an attempt that has ended, or never was",
        "abx",
        &[
            (0, "", "+a wait 250"),
            (10, "a", "+x wait 260"),
            (20, "a", "wait 260"),
            (30, "z", "wait 260"),
            (40, "b", "wait 260"),
            (260, "", "+b wait 10010"),
        ],
    ),
    (
        "a clock that stands still",
        "ax",
        &[
            (0, "", "+a wait 250"),
            (0, "", "wait 250"),
            (0, "a", "+x wait 10000"),
            (0, "x", "failed"),
        ],
    ),
];

#[test]
fn moments() {
    let limits = Limits { attempts_at_once_max: 3, ..Limits::default() };
    let begin = Instant::now();
    for (title, names, moments) in MOMENTS {
        let mut dial = Dial::new(addresses(names), &limits, begin);
        for (at, fails, expected) in moments {
            let now = begin + Duration::from_millis(*at);
            for name in fails.chars() {
                dial.failed(named(name), ErrorKind::ConnectionRefused.into(), now);
            }
            assert_eq!(said(&mut dial, begin, now), *expected, "{title}, {at} ms");
        }
    }
}

#[test]
fn families_take_turns() {
    for (names, expected) in [
        ("", ""),
        ("a", "a"),
        ("abc", "abc"),
        ("xyz", "xyz"),
        ("abcx", "axbc"),
        ("abcxyz", "axbycz"),
        ("xabc", "xabc"),
        ("xyza", "xayz"),
        ("xaybzc", "xaybzc"),
        ("xyabcz", "xaybzc"),
        ("aaxaxb", "axb"),
        ("xx", "x"),
    ] {
        let order: String = alternate(addresses(names)).into_iter().map(name_of).collect();
        assert_eq!(order, expected, "{names}");
    }
}

#[test]
fn ports_tell_addresses_apart() {
    let two = [address("192.0.2.1:80"), address("192.0.2.1:81")];
    assert_eq!(alternate(two.to_vec()), two);
}

/// Lets every attempt be refused as soon as it starts, and gives their names.
fn all_refused(mut dial: Dial, now: Instant) -> (String, Attempts) {
    let mut tried = String::new();
    while let Step::Try(address) = dial.next(now) {
        tried.push(name_of(address));
        dial.failed(address, ErrorKind::ConnectionRefused.into(), now);
    }
    (tried, dial.into_attempts())
}

#[test]
fn as_many_are_tried_as_the_limit_says() {
    let now = Instant::now();
    for (max, tried, untried) in [(0, "", 4), (1, "a", 3), (3, "axb", 1), (4, "axby", 0)] {
        let limits = Limits { attempts_max: max, ..Limits::default() };
        let (found, attempts) = all_refused(Dial::new(addresses("abxyx"), &limits, now), now);
        assert_eq!((found.as_str(), attempts.untried()), (tried, untried));
        assert_eq!(attempts.failed().len(), max);
    }
}

#[test]
fn a_delay_of_nothing_is_ten_milliseconds() {
    let (begin, limits) =
        (Instant::now(), Limits { attempt_delay: Duration::ZERO, ..Limits::default() });
    let mut dial = Dial::new(addresses("ax"), &limits, begin);
    assert_eq!(said(&mut dial, begin, begin), "+a wait 10");
    assert_eq!(said(&mut dial, begin, begin + Duration::from_millis(10)), "+x wait 10000");
}

#[test]
fn a_limit_of_none_at_once_still_tries_one_after_the_other() {
    let (begin, limits) = (Instant::now(), Limits { attempts_at_once_max: 0, ..Limits::default() });
    let mut dial = Dial::new(addresses("ax"), &limits, begin);
    assert_eq!(said(&mut dial, begin, begin), "+a wait 10000");
    let later = begin + limits.connect_wait;
    assert_eq!(said(&mut dial, begin, later), "-a +x wait 20000");
}

/// The text after the given errors, one an address.
fn text(errors: Vec<io::Error>, untried: usize) -> String {
    let addresses = V4.iter().chain(&V6).copied().map(address);
    Attempts { failed: addresses.zip(errors).collect(), untried }.to_string()
}

#[test]
fn what_was_tried_is_one_line() {
    let refused: fn() -> io::Error = || io::Error::from(Errno::CONNREFUSED);
    let unreachable: fn() -> io::Error = || io::Error::from(Errno::NETUNREACH);
    assert_eq!(text(vec![], 0), "no address was tried");
    assert_eq!(text(vec![], 2), "no address was tried; 2 not tried");
    assert_eq!(text(vec![refused()], 0), "192.0.2.1:80: connection refused");
    assert_eq!(
        text(vec![refused(), io::Error::other("Its own words")], 0),
        "192.0.2.1:80: connection refused; 192.0.2.2:80: its own words"
    );
    let four = "192.0.2.1:80: connection refused; 192.0.2.2:80: network is unreachable; \
                192.0.2.3:80: connection refused; [2001:db8::1]:80: network is unreachable";
    let errors = [refused, unreachable, refused, unreachable, refused, refused];
    let first = |count| errors[..count].iter().map(|error| error()).collect();
    assert_eq!(text(first(4), 0), four);
    assert_eq!(text(first(5), 0), format!("{four}; and 1 more"));
    assert_eq!(text(first(6), 3), format!("{four}; and 2 more; 3 not tried"));
}

#[test]
fn one_that_expires_says_how_long_it_was_waited_for() {
    let now = Instant::now();
    for (wait, expected) in [(10_000, "no answer in 10 s"), (1500, "no answer in 1.5 s")] {
        let limits = Limits { connect_wait: Duration::from_millis(wait), ..Limits::default() };
        let mut dial = Dial::new(addresses("x"), &limits, now);
        assert_eq!(dial.next(now), Step::Try(named('x')));
        assert_eq!(dial.expired(now + limits.connect_wait), Some(named('x')));
        let attempts = dial.into_attempts();
        assert_eq!(attempts.to_string(), format!("192.0.2.1:80: {expected}"));
        assert_eq!(attempts.failed()[0].1.kind(), ErrorKind::TimedOut);
    }
}
