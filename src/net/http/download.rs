//! Downloads: the bodies of responses are written to files.

use super::client::Client;
use super::fetch::Fetch;
use super::file_recipient::{FileRecipient, Progress, Shared};
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

/// The result of one download.
#[derive(Debug)]
pub struct Download {
    /// The name of the file in its directory.
    pub name: PeerText<'static>,
    /// The path of the local file; `None` where the destination is not a file.
    pub path: Option<PathBuf>,
    /// Bytes of the file that are written, those of earlier runs included.
    pub bytes: u64,
    /// Bytes of the file that an earlier run had written.
    pub resumed_from: u64,
    /// Whether the file of an earlier run is still current, so that no body was fetched.
    pub is_unchanged: bool,
    /// The result of the fetch.
    pub report: Report,
}

/// Makes the fetches and writes each response to a file. The name of a file is the last segment of
/// the path of its URL, made safe and made unique within this call.
///
/// # Errors
/// Those of [`Client::run`]. The failure of one fetch is in its [`Report`].
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
        let recipient = FileRecipient::new(saving.clone(), name.clone(), &fetch.url, &shared);
        noted.borrow_mut().push((name, recipient.progress.clone()));
        (fetch, Box::new(recipient) as Box<dyn Recipient>)
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

/// The name of a file and its progress.
type Place = (Name, Rc<Cell<Progress>>);
