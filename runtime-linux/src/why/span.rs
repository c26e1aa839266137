//! Times for people.

/// A span of time in its two largest units; below a minute in tenths of a second.
pub fn span(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, _) => format!("{}.{} s", seconds, milliseconds % 1_000 / 100),
        (0, 0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (0, hours, minutes, _) => format!("{hours} h {minutes} min"),
        (days, hours, _, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_largest_units_are_shown() {
        assert_eq!(span(1_234), "1.2 s");
        assert_eq!(span(65_400), "1 min 5 s");
        assert_eq!(span(7_260_000), "2 h 1 min");
        assert_eq!(span(90_000_000), "1 d 1 h");
    }
}
