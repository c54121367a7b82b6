//! A moment as text, for listings.
//!
//! Specification: RFC 3339, in UTC (`PROTOCOL.md` §4).
//!
//! ```text
//!   2026-11-21T18:43:00Z     2026-11-21T18:43:00.000000001Z
//! ```

use jiff::Timestamp;
use std::time::SystemTime;

/// Seconds from 1970 back to the first moment of the year 0000, the first that RFC 3339 can write.
const YEAR_ZERO: i64 = -62_167_219_200;

/// The moment in RFC 3339, in UTC; a fraction of a second is written only where there is one.
///
/// What lies outside the years 0000 to 9999 is given as the nearest moment inside them.
pub fn rfc3339(time: SystemTime) -> String {
    let first = Timestamp::from_second(YEAR_ZERO).unwrap_or(Timestamp::UNIX_EPOCH);
    let beyond = if time < SystemTime::UNIX_EPOCH { first } else { Timestamp::MAX };
    Timestamp::try_from(time).unwrap_or(beyond).max(first).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn writes_what_there_is() {
        let at = |nanos| SystemTime::UNIX_EPOCH + Duration::new(1_795_286_580, nanos);
        assert_eq!(rfc3339(at(0)), "2026-11-21T18:43:00Z");
        assert_eq!(rfc3339(at(1)), "2026-11-21T18:43:00.000000001Z");
        assert_eq!(rfc3339(at(250_000_000)), "2026-11-21T18:43:00.25Z");
    }

    #[test]
    fn stays_within_the_years_it_can_write() {
        let day = Duration::from_secs(86_400);
        let before = SystemTime::UNIX_EPOCH - day * 800_000;
        assert_eq!(rfc3339(SystemTime::UNIX_EPOCH - day), "1969-12-31T00:00:00Z");
        assert_eq!(rfc3339(before), "0000-01-01T00:00:00Z");
        let after = SystemTime::UNIX_EPOCH + day * 4_000_000;
        assert!(rfc3339(after).starts_with("9999-12-3"), "{}", rfc3339(after));
    }
}
