//! The client's application: jobs that are asked, resumed, given up, and each answered once.

use super::choices::Choices;
use super::content::{Arriving, Content};
use super::end::App;
use super::plan::{NAMES, Plan, Task};
use wirewright::buffer::Buffer;
use wirewright::digest::DigestKind;
use wirewright::name::Name;
use wirewright::session::{Session, Wanted};
use wirewright::transfer::client::{Client, Event, Resume};
use wirewright::transfer::message::Durability;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Todo,
    Asked(u64),
    Over,
}

#[derive(Debug)]
struct Job {
    task: Task,
    state: State,
    given_up: bool,
    /// Of a get: what is there of the file.
    arriving: Option<Arriving>,
    /// Of a get: the offset that was asked for.
    from: usize,
    /// Of a get: that it came whole.
    received: bool,
}

/// The application of the client, over all its connections.
pub struct ClientApp {
    jobs: Vec<Job>,
    digest: DigestKind,
    has_token: bool,
    asked_max: usize,
    welcome: bool,
    granted: Option<(u64, usize)>,
    /// For so many turns it decides nothing.
    pub hold: usize,
}

impl ClientApp {
    pub fn new(plan: &Plan) -> ClientApp {
        let job = |task: &Task| Job {
            task: *task,
            state: State::Todo,
            given_up: false,
            arriving: None,
            from: 0,
            received: false,
        };
        ClientApp {
            jobs: plan.tasks.iter().map(job).collect(),
            digest: plan.digest,
            has_token: plan.client.token.is_some(),
            asked_max: plan.asked_max,
            welcome: false,
            granted: None,
            hold: 0,
        }
    }

    pub fn is_over(&self) -> bool {
        self.jobs.iter().all(|job| job.state == State::Over)
    }

    /// All that could be got was got.
    pub fn check_end(&self) {
        for job in &self.jobs {
            if let (Task::Get { name }, false) = (job.task, job.given_up) {
                assert!(job.received || job.arriving.is_none(), "{name} did not come");
            }
        }
    }

    /// Gives one request up.
    pub fn cancel(&mut self, session: &mut Client, choices: &mut Choices<'_>) {
        let at = choices.below(self.jobs.len());
        let job = &mut self.jobs[at];
        if let State::Asked(id) = job.state {
            job.given_up = true;
            session.cancel(id).expect("space in the output");
            self.granted = self.granted.filter(|(granted, _)| *granted != id);
        }
    }

    /// The connection is gone: what was not answered is to be asked again.
    pub fn lose(&mut self, choices: &mut Choices<'_>) {
        (self.welcome, self.granted) = (false, None);
        for job in &mut self.jobs {
            let State::Asked(_) = job.state else { continue };
            job.state = if job.given_up { State::Over } else { State::Todo };
            if let Some(arriving) = &job.arriving {
                let kept = arriving.kept(choices.below(4));
                job.arriving = Some(Arriving::new(arriving.content, kept));
            }
        }
    }

    fn job(&mut self, id: u64) -> &mut Job {
        let mut jobs = self.jobs.iter_mut();
        jobs.find(|job| job.state == State::Asked(id)).expect("an answer to what was asked")
    }

    /// The job of an event that does not come after giving up.
    fn live(&mut self, id: u64) -> &mut Job {
        let job = self.job(id);
        assert!(!job.given_up, "an event of what was given up");
        job
    }

    fn arriving(&mut self, id: u64) -> &mut Arriving {
        self.live(id).arriving.as_mut().expect("a file that comes")
    }

    fn failed(&mut self, id: u64, code: &str) {
        let job = self.job(id);
        job.state = match (code, job.task) {
            ("cancelled", _) if job.given_up => State::Over,
            ("not_found", Task::Get { .. }) => State::Over,
            ("exists", Task::Put { overwrite: false, .. }) => State::Over,
            ("changed", Task::Get { .. }) => State::Todo,
            ("io", _) => State::Todo,
            _ => panic!("{code} of {job:?}"),
        };
        if code == "not_found" || code == "changed" {
            job.arriving = None;
        }
        if let Some(arriving) = &job.arriving {
            job.arriving = Some(Arriving::new(arriving.content, arriving.kept(0)));
        }
        if job.given_up {
            job.state = State::Over;
        }
        self.granted = self.granted.filter(|(granted, _)| *granted != id);
    }

    fn ask_some(&mut self, session: &mut Client, choices: &mut Choices<'_>) {
        // A token has to be proved before anything is asked.
        if self.has_token && !self.welcome {
            return;
        }
        let mut few = 8 - choices.below(9);
        for job in self.jobs.iter_mut().filter(|job| job.state == State::Todo) {
            if few == 0 || session.pending() >= self.asked_max {
                return;
            }
            few -= 1;
            let id = job.ask(session, self.digest);
            job.state = State::Asked(id);
        }
    }
}

impl Job {
    fn ask(&mut self, session: &mut Client, digest: DigestKind) -> u64 {
        let name = |name| Name::new(name).expect("a name");
        let asked = match self.task {
            Task::List => session.list(),
            Task::Put { name: to, content, overwrite } => {
                session.put(&name(to), content.size() as u64, &content.etag(), overwrite)
            }
            Task::Get { name: of } => {
                self.from = self.arriving.as_ref().map_or(0, |arriving| arriving.have);
                let etag = self.arriving.as_ref().map(|arriving| arriving.content.etag());
                let resume = self.arriving.as_ref().zip(etag.as_deref());
                let resume = resume.map(|(arriving, etag)| Resume {
                    offset: self.from as u64,
                    etag,
                    digester: arriving.content.digester(digest, self.from),
                });
                session.get(&name(of), resume)
            }
        };
        asked.expect("space in the output")
    }

    fn file(&mut self, size: u64, etag: &str, offset: u64) {
        assert_eq!(offset, self.from as u64, "from where it was asked");
        let content = Content::of(etag);
        assert_eq!(size, content.size() as u64);
        if let Some(arriving) = self.arriving.as_ref().filter(|arriving| arriving.have > 0) {
            assert_eq!(arriving.content, content, "a resumed file is the same");
        }
        self.arriving = Some(Arriving::new(content, self.from));
    }
}

impl App for ClientApp {
    type Session = Client;

    fn event(&mut self, event: Event<'_>) {
        let kind = self.digest;
        match event {
            Event::Welcome(digest) => {
                assert_eq!((digest, self.welcome), (kind, false));
                self.welcome = true;
            }
            Event::Entries { id, entries, skipped, more, not_offered } => {
                assert_eq!((skipped, not_offered), (0, 0), "all names and times make sense");
                assert!(entries.iter().all(|entry| NAMES.contains(&entry.name.as_raw_str())));
                let job = self.live(id);
                assert!(matches!(job.task, Task::List));
                job.state = if more { job.state } else { State::Over };
            }
            Event::File { id, size, etag, offset, .. } => {
                self.live(id).file(size, etag.as_raw_str(), offset)
            }
            Event::Payload { id, offset, bytes } => self.arriving(id).payload(offset, bytes),
            Event::Verified { id, chunk } => self.arriving(id).verified(chunk.offset, chunk.len),
            Event::Received { id, digest } => {
                let arriving = self.arriving(id);
                arriving.assert_whole();
                assert_eq!(digest, arriving.content.digest(kind));
                let job = self.live(id);
                (job.state, job.received) = (State::Over, true);
            }
            Event::Ready { id, offset } => {
                self.live(id);
                assert_eq!(self.granted.replace((id, offset as usize)), None);
            }
            Event::Done { id, digest, durability } => {
                // It may cross its cancel: then it stands all the same.
                let job = self.job(id);
                let Task::Put { content, .. } = job.task else { panic!("done of {job:?}") };
                assert_eq!((digest, durability), (content.digest(kind), Durability::Fsync));
                job.state = State::Over;
            }
            Event::Failed { id, code, .. } => self.failed(id, code.as_str()),
        }
    }

    fn act(&mut self, session: &mut Client, choices: &mut Choices<'_>) {
        if self.hold > 0 && !choices.is_over() {
            self.hold -= 1;
            return;
        }
        if let Some((id, offset)) = self.granted.take() {
            let Task::Put { content, .. } = self.job(id).task else { panic!("a put") };
            let digester = content.digester(self.digest, offset);
            session.start_put(id, digester).expect("it is granted");
        }
        if self.jobs.iter().any(|job| job.state == State::Todo) {
            self.ask_some(session, choices);
        }
    }

    fn offer(&mut self, session: &mut Client, out: &mut Buffer, choices: &mut Choices<'_>) {
        let Some(Wanted { offset, len }) = session.wanted(out) else { return };
        let Some(id) = session.sending_id() else { return };
        let Task::Put { content, .. } = self.live(id).task else { panic!("a put") };
        let left = &content.bytes()[offset as usize..];
        let taken = session.offer(&left[..super::server::portion(left, len, choices)], out);
        assert!(taken.expect("what it wanted") <= len);
    }
}
