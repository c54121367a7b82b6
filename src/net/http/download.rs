//! Downloads: responses into files.

use super::client::Client;
use super::fetch::Fetch;
use super::filing::{Filing, Progress, Shared};
use super::recipient::Recipient;
use super::report::Report;
use super::saving::Saving;
use crate::http::naming::Naming;
use crate::name::Name;
use crate::net::transport::Error;
use crate::text::PeerText;
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;

/// What became of one download.
#[derive(Debug)]
pub struct Download {
    /// The name of the file in its directory.
    pub name: PeerText<'static>,
    /// The local file, if it is one.
    pub path: Option<PathBuf>,
    /// Length of the file in bytes, as far as it has come.
    pub bytes: u64,
    /// How many of them were there before.
    pub resumed_from: u64,
    /// Whether the finished file of an earlier run is still right, so that nothing was fetched.
    pub is_unchanged: bool,
    /// All else.
    pub report: Report,
}

/// Makes fetches, and files of what comes. Each is called after the last segment of its URL's
/// path, made safe, and unlike all others of this call.
///
/// # Errors
/// Those of [`Client::run`].
pub fn download(
    client: &mut Client,
    fetches: impl IntoIterator<Item = Fetch> + 'static,
    saving: &Saving,
) -> Result<Vec<Download>, Error> {
    let has_leftovers = saving.destination.has_leftovers();
    let deadline = client.deadline();
    let shared = Rc::new(Shared::new(has_leftovers, deadline));
    let places: Rc<RefCell<Vec<Place>>> = Rc::default();
    let (mut naming, saving) = (Naming::default(), saving.clone());
    let (destination, noted) = (saving.destination.clone(), places.clone());
    let reports = client.run(fetches.into_iter().map(move |fetch| {
        let name = naming.name(&fetch.url);
        let filing = Filing::new(saving.clone(), name.clone(), &fetch.url, &shared);
        noted.borrow_mut().push((name, filing.progress.clone()));
        (fetch, Box::new(filing) as Box<dyn Recipient>)
    }))?;
    let places = places.take().into_iter();
    let downloads = reports.into_iter().zip(places).map(|(report, (name, progress))| {
        let Progress { bytes, before, is_unchanged } = progress.get();
        let path = destination.path(&name);
        let name = PeerText::from(name.as_str()).keep();
        Download { name, path, bytes, resumed_from: before, is_unchanged, report }
    });
    Ok(downloads.collect())
}

/// The name of a file, and how far it is.
type Place = (Name, Rc<Cell<Progress>>);
