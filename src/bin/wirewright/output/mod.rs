//! Output to the user: errors and advice, progress, reports, traces.

pub mod advice;
pub mod decimal;
pub mod destination;
pub mod document;
pub mod drawing;
pub mod progress;
pub mod report;
pub mod screen;
pub mod style;
pub mod trace;
pub mod usage;
pub mod watch;
