//! Dates and the wall clock, as the C library knows them.

use core::mem::MaybeUninit;
use core::time::Duration;

/// The date of a moment where this host is: year, month, day.
pub(super) fn date(wall: Duration) -> Option<[i32; 3]> {
    let seconds = libc::time_t::try_from(wall.as_secs()).ok()?;
    let mut broken = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are valid for the call, and the second is filled when the result is not null.
    let filled = unsafe { !libc::localtime_r(&raw const seconds, broken.as_mut_ptr()).is_null() };
    // SAFETY: all zeros is a value of the type, and the call may only have written to it.
    let broken = unsafe { broken.assume_init() };
    filled.then_some([broken.tm_year + 1900, broken.tm_mon + 1, broken.tm_mday])
}

/// The same in UTC.
pub(super) fn date_utc(wall: Duration) -> Option<[i32; 3]> {
    let seconds = libc::time_t::try_from(wall.as_secs()).ok()?;
    let mut broken = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are valid for the call, and the second is filled when the result is not null.
    let filled = unsafe { !libc::gmtime_r(&raw const seconds, broken.as_mut_ptr()).is_null() };
    // SAFETY: all zeros is a value of the type, and the call may only have written to it.
    let broken = unsafe { broken.assume_init() };
    filled.then_some([broken.tm_year + 1900, broken.tm_mon + 1, broken.tm_mday])
}

/// The moment of a date and a time of day where this host is; a day past the end of its month is one of the next.
pub(super) fn local(date: [i32; 3], time: [i32; 3]) -> Option<Duration> {
    let mut broken = broken(date, time);
    // SAFETY: the pointer is to a whole, initialised value.
    moment(unsafe { libc::mktime(&raw mut broken) })
}

/// The same in UTC.
pub(super) fn utc(date: [i32; 3], time: [i32; 3]) -> Option<Duration> {
    let mut broken = broken(date, time);
    // SAFETY: the pointer is to a whole, initialised value.
    moment(unsafe { libc::timegm(&raw mut broken) })
}

fn moment(seconds: libc::time_t) -> Option<Duration> {
    u64::try_from(seconds).ok().map(Duration::from_secs)
}

fn broken([year, month, day]: [i32; 3], [hour, minute, second]: [i32; 3]) -> libc::tm {
    // SAFETY: all zeros is a value of the type; its name of a zone is a pointer that may be null.
    let mut broken: libc::tm = unsafe { MaybeUninit::zeroed().assume_init() };
    broken.tm_year = year - 1900;
    broken.tm_mon = month - 1;
    broken.tm_mday = day;
    broken.tm_hour = hour;
    broken.tm_min = minute;
    broken.tm_sec = second;
    // Whether it is summer time there is for the library to find out.
    broken.tm_isdst = -1;
    broken
}
