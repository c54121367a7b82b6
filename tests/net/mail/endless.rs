//! Letters that are made while others are sent: how many are held, and that each gets its report.

use super::letters::{TAKEN, letter, options, told};
use super::server::Server;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wirewright::net::mail::send_each;

/// What was made and not reported, at most; and the reports with their numbers.
fn all(server: &Server, connections: usize, count: usize) -> (usize, Vec<(usize, String)>) {
    let mut options = options(server);
    options.connections_max = connections;
    let (held, most) = (Rc::new(Cell::new(0_usize)), Rc::new(Cell::new(0)));
    let (making, made) = (held.clone(), most.clone());
    let letters = (1..=count).map(move |at| {
        making.set(making.get() + 1);
        made.set(made.get().max(making.get()));
        letter(at)
    });
    let reports = Rc::new(RefCell::new(Vec::new()));
    let kept = reports.clone();
    let done = move |at, report| {
        held.set(held.get() - 1);
        kept.borrow_mut().push((at, told(&report)));
    };
    send_each(options, letters, done).unwrap();
    (most.get(), reports.take())
}

#[test]
fn what_is_held_does_not_grow_with_their_number() {
    for connections in [1, 5] {
        let server = Server::start(|mut conn| {
            conn.open(&["PIPELINING"]);
            conn.take_all();
        });
        let (most, mut reports) = all(&server, connections, 600);
        assert!(most <= connections * 3, "{most} over {connections}");
        if connections == 1 {
            assert!(reports.is_sorted(), "in their order");
        }
        reports.sort();
        assert!(reports.iter().map(|(at, _)| *at).eq(0..600));
        assert!(reports.iter().all(|(_, told)| told == TAKEN));
        assert_eq!(server.messages().len(), 600);
    }
}

/// The first is refused for good, and whoever comes then is hung up on.
#[test]
fn each_gets_its_report_also_where_nothing_can_be_sent() {
    let server = Server::start(|mut conn| {
        if conn.number > 1 {
            return;
        }
        conn.open(&[]);
        conn.hear_verb("MAIL");
        conn.say(&["550 no"]);
    });
    let (most, reports) = all(&server, 1, 300);
    assert!(most <= 3);
    assert!(reports.iter().map(|(at, _)| *at).eq(0..300));
    assert_eq!(reports[0].1, "never: mail 550 no; 550 no");
    assert!(reports[1..].iter().all(|(_, told)| told.starts_with("later: ")), "{:?}", reports[1]);
}
