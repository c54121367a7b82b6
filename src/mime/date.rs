//! The value of the field `Date`.
//!
//! ```text
//!   1795310820 s, +480 min   ─▶   Sun, 22 Nov 2026 09:27:00 +0800
//! ```
//!
//! Specification: RFC 5322 §3.3 (date-time). No clock is read: the instant is an argument.

use crate::error::Error;

const DAY: i64 = 86_400;
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// An instant and an offset from UTC, written as an RFC 5322 §3.3 date-time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    /// Seconds since 1970-01-01 00:00 UTC, plus the offset.
    local: i64,
    offset_minutes: i16,
}

impl Date {
    /// The instant `seconds` after 1970-01-01 00:00 UTC, written in the local time that is
    /// `offset_minutes` ahead of UTC.
    ///
    /// # Errors
    /// [`Error::Misuse`] if the offset is 24 hours or more in either direction, or the year in
    /// local time is not 1900 to 9999.
    pub fn new(seconds: i64, offset_minutes: i16) -> Result<Date, Error> {
        if offset_minutes.unsigned_abs() >= 24 * 60 {
            return Err(Error::Misuse("the offset of a date is less than a day"));
        }
        let local = seconds.saturating_add(i64::from(offset_minutes) * 60);
        match (1900..=9999).contains(&civil(local.div_euclid(DAY)).0) {
            true => Ok(Date { local, offset_minutes }),
            false => Err(Error::Misuse("the year of a date is 1900 to 9999")),
        }
    }
}

/// The date-time as the field `Date` holds it.
impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (days, time) = (self.local.div_euclid(DAY), self.local.rem_euclid(DAY));
        let (year, month, day) = civil(days);
        let weekday = DAYS[days.rem_euclid(7) as usize];
        let month = MONTHS[month as usize - 1];
        let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let offset = self.offset_minutes.unsigned_abs();
        let zone = format!("{sign}{:02}{:02}", offset / 60, offset % 60);
        write!(f, "{weekday}, {day} {month} {year} {hour:02}:{minute:02}:{second:02} {zone}")
    }
}

/// Year, month and day of the day that is `days` after 1970-01-01, in the proleptic Gregorian
/// calendar. Years begin in March in the computation, so that a leap day is the last of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    let from_march = days + 719_468;
    let (cycle, day) = (from_march.div_euclid(146_097), from_march.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day_of_month = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (cycle * 400 + year + next, month, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_as_others_write_them() {
        // python3: email.utils.format_datetime, without the zero before a day of one digit.
        for (seconds, offset, text) in [
            (0, 0, "Thu, 1 Jan 1970 00:00:00 +0000"),
            (1_795_310_820, 480, "Sun, 22 Nov 2026 09:27:00 +0800"),
            (951_782_399, 0, "Mon, 28 Feb 2000 23:59:59 +0000"),
            (951_782_400, -210, "Mon, 28 Feb 2000 20:30:00 -0330"),
            (951_868_799, 0, "Tue, 29 Feb 2000 23:59:59 +0000"),
            (-2_208_988_800, 0, "Mon, 1 Jan 1900 00:00:00 +0000"),
            (253_402_300_799, 0, "Fri, 31 Dec 9999 23:59:59 +0000"),
        ] {
            assert_eq!(Date::new(seconds, offset).unwrap().to_string(), text);
        }
    }

    #[test]
    fn the_ends() {
        for (seconds, offset, good) in [
            (-2_208_988_801, 0, false),
            (-2_208_988_801, 1, true),
            (253_402_300_800, 0, false),
            (0, 1439, true),
            (0, 1440, false),
            (0, -1440, false),
            (i64::MAX, 0, false),
            (i64::MIN, 0, false),
        ] {
            assert_eq!(Date::new(seconds, offset).is_ok(), good, "{seconds} {offset}");
        }
    }
}
