//! What goes wrong in a simulation, as it is said on the command line.

use core::fmt;
use core::time::Duration;

/// Something that goes wrong, when, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: Kind,
    /// When.
    pub at: Duration,
    /// For how long; `None`: to the end.
    pub span: Option<Duration>,
    /// As it was said.
    pub said: String,
}

/// What goes wrong. Nodes are numbers in the list of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The node loses its power.
    Kill(usize),
    /// The daemon is stopped in good order.
    Stop(usize),
    /// The daemon is started.
    Start(usize),
    /// The node does nothing, and loses nothing.
    Pause(usize),
    /// A link of a node goes down.
    LinkDown {
        /// The node.
        node: usize,
        /// The name of its interface; `None`: all that it has.
        interface: Option<String>,
    },
    /// A router has another effective priority than its trackers give it.
    Priority {
        /// 1 to 254.
        priority: u8,
        /// Its name.
        router: String,
        /// On this node.
        node: usize,
    },
    /// Frames from one node to another are lost.
    Cut {
        /// From this node.
        from: usize,
        /// To this one.
        to: usize,
        /// And back.
        both: bool,
    },
    /// Frames are lost by chance.
    Loss {
        /// Of a thousand.
        permille: u64,
    },
    /// A `vrrp_script` fails.
    Script {
        /// Its name.
        name: String,
        /// On this node.
        node: usize,
    },
}

/// What a fault may be.
pub const GRAMMAR: &str = "  kill NODE at TIME                     the host loses its power
  stop NODE at TIME                     the daemon stops in good order
  start NODE at TIME                    the daemon starts (one whose first fault this is, is off before)
  pause NODE at TIME for SPAN           the host does nothing, then goes on
  link NODE down at TIME [for SPAN]     all its interfaces are down
  link NAME of NODE down at TIME [for SPAN]
                                        this interface is down
  cut NODE->NODE at TIME [for SPAN]     adverts are lost in this direction
  cut NODE<->NODE at TIME [for SPAN]    adverts are lost in both directions
  loss PERCENT% at TIME [for SPAN]      adverts are lost by chance
  script NAME on NODE fails at TIME [for SPAN]
  priority NUMBER of NAME on NODE at TIME [for SPAN]
                                        the router has this effective priority, whatever it tracks
NODE is A, B, C in the order of the files, or a file's name without .conf.
TIME and SPAN are 5, 5s, 500ms, 1.5s or 2m.";

/// A fault that was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultError {
    said: String,
    /// Characters before the place.
    position: usize,
    expected: String,
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { said, position, expected } = self;
        let caret = " ".repeat(*position);
        write!(
            f,
            "--fault, at character {}: expected {expected}\n  {said}\n  {caret}^\na fault is one of\n{GRAMMAR}",
            position + 1
        )
    }
}

impl core::error::Error for FaultError {}

/// The nodes as faults may name them.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// A, B, C and the name of the file, by node.
    pub nodes: &'a [(String, String)],
}

impl Names<'_> {
    fn find(&self, word: &str) -> Option<usize> {
        let letter = self.nodes.iter().position(|(letter, _)| letter == word);
        letter.or_else(|| self.nodes.iter().position(|(_, stem)| stem == word))
    }

    fn list(&self) -> String {
        let letters: Vec<&str> = self.nodes.iter().map(|(letter, _)| letter.as_str()).collect();
        letters.join(", ")
    }
}

/// Reads one `--fault`.
///
/// # Errors
/// Where it stops making sense, and what was expected there.
pub fn parse(said: &str, names: Names<'_>) -> Result<Fault, FaultError> {
    let mut words = Words { said, position: 0, names };
    let kind = match words.next(KINDS)?.0 {
        "kill" => Kind::Kill(words.node()?),
        "stop" => Kind::Stop(words.node()?),
        "start" => Kind::Start(words.node()?),
        "pause" => Kind::Pause(words.node()?),
        "link" => {
            let (node, interface) = words.link()?;
            words.keyword("down")?;
            Kind::LinkDown { node, interface }
        }
        "cut" => words.direction()?,
        "loss" => Kind::Loss { permille: words.percent()? },
        "script" => {
            let name = words.next("the name of a script")?.0.to_owned();
            // Both orders read well.
            let fails_first = words.is_next("fails");
            if fails_first {
                words.keyword("fails")?;
            }
            words.keyword("on")?;
            let node = words.node()?;
            if !fails_first {
                words.keyword("fails")?;
            }
            Kind::Script { name, node }
        }
        "priority" => {
            let priority = words.priority()?;
            words.keyword("of")?;
            let router = words.next("the name of a router")?.0.to_owned();
            words.keyword("on")?;
            Kind::Priority { priority, router, node: words.node()? }
        }
        _ => return Err(words.error(0, KINDS)),
    };
    words.keyword("at")?;
    let at = words.time()?;
    let lasts = match kind {
        Kind::Kill(_) | Kind::Stop(_) | Kind::Start(_) => false,
        Kind::Pause(_) => true,
        Kind::LinkDown { .. }
        | Kind::Priority { .. }
        | Kind::Cut { .. }
        | Kind::Loss { .. }
        | Kind::Script { .. } => !words.is_over(),
    };
    let span = if lasts {
        words.keyword("for")?;
        Some(words.time()?)
    } else {
        None
    };
    if !words.is_over() {
        let (_, place) = words.next("the end")?;
        return Err(words.error(place, "the end"));
    }
    Ok(Fault { kind, at, span, said: said.to_owned() })
}

struct Words<'a> {
    said: &'a str,
    /// Bytes read.
    position: usize,
    names: Names<'a>,
}

impl<'a> Words<'a> {
    fn is_over(&self) -> bool {
        self.said[self.position..].trim().is_empty()
    }

    /// The next word, and where it begins.
    fn next(&mut self, expected: &str) -> Result<(&'a str, usize), FaultError> {
        let rest = &self.said[self.position..];
        let begin = self.position + rest.len() - rest.trim_start().len();
        let word = self.said[begin..].split_whitespace().next();
        let word = word.ok_or_else(|| self.error(self.said.len(), expected))?;
        self.position = begin + word.len();
        Ok((word, begin))
    }

    fn keyword(&mut self, keyword: &str) -> Result<(), FaultError> {
        let expected = format!("`{keyword}`");
        let (word, place) = self.next(&expected)?;
        if word == keyword { Ok(()) } else { Err(self.error(place, &expected)) }
    }

    fn node(&mut self) -> Result<usize, FaultError> {
        let expected = format!("a node ({})", self.names.list());
        let (word, place) = self.next(&expected)?;
        self.names.find(word).ok_or_else(|| self.error(place, &expected))
    }

    /// Whether this word comes next.
    fn is_next(&self, word: &str) -> bool {
        self.said[self.position..].split_whitespace().next() == Some(word)
    }

    /// `A`, or `eth0 of A`.
    fn link(&mut self) -> Result<(usize, Option<String>), FaultError> {
        let expected = format!("a node ({}) or the name of an interface and `of`", self.names.list());
        let (word, place) = self.next(&expected)?;
        if self.is_next("of") {
            self.keyword("of")?;
            return Ok((self.node()?, Some(word.to_owned())));
        }
        let node = self.names.find(word).ok_or_else(|| self.error(place, &expected))?;
        Ok((node, None))
    }

    fn priority(&mut self) -> Result<u8, FaultError> {
        let expected = "a priority from 1 to 254";
        let (word, place) = self.next(expected)?;
        let number = word.parse().ok().filter(|number| (1..=254).contains(number));
        number.ok_or_else(|| self.error(place, expected))
    }

    /// `A->B` or `A<->B`.
    fn direction(&mut self) -> Result<Kind, FaultError> {
        let expected = format!("NODE->NODE or NODE<->NODE ({})", self.names.list());
        let (word, place) = self.next(&expected)?;
        let (both, parts) = match word.split_once("<->") {
            Some(parts) => (true, Some(parts)),
            None => (false, word.split_once("->")),
        };
        let nodes = parts.and_then(|(from, to)| Some((self.names.find(from)?, self.names.find(to)?)));
        match nodes {
            Some((from, to)) if from != to => Ok(Kind::Cut { from, to, both }),
            Some(_) | None => Err(self.error(place, &expected)),
        }
    }

    fn percent(&mut self) -> Result<u64, FaultError> {
        let expected = "a percentage from 0% to 100%";
        let (word, place) = self.next(expected)?;
        let number = word.strip_suffix('%').and_then(thousandths);
        // A thousandth of a percent is more than the simulation tells apart.
        number
            .filter(|number| *number <= 100_000)
            .map(|number| number / 100)
            .ok_or_else(|| self.error(place, expected))
    }

    fn time(&mut self) -> Result<Duration, FaultError> {
        let expected = "a time (5, 5s, 500ms, 1.5s, 2m)";
        let (word, place) = self.next(expected)?;
        duration(word).ok_or_else(|| self.error(place, expected))
    }

    fn error(&self, place: usize, expected: &str) -> FaultError {
        let position = self.said[..place].chars().count();
        FaultError { said: self.said.to_owned(), position, expected: expected.to_owned() }
    }
}

/// `5`, `5s`, `500ms`, `1.5s` or `2m`; at most a day.
pub fn duration(word: &str) -> Option<Duration> {
    let split = word.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(word.len());
    let (number, unit) = word.split_at(split);
    let thousandths = thousandths(number)?;
    let milliseconds = match unit {
        "" | "s" => thousandths,
        "ms" => thousandths / 1_000,
        "m" => thousandths.checked_mul(60)?,
        _ => return None,
    };
    (milliseconds <= A_DAY).then(|| Duration::from_millis(milliseconds))
}

/// A decimal number with up to three places, times a thousand.
fn thousandths(number: &str) -> Option<u64> {
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 3 {
        return None;
    }
    let part: u64 = format!("{part:0<3}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1_000)?.checked_add(part)
}

/// What a fault may begin with.
const KINDS: &str = "kill, stop, start, pause, link, cut, loss, script or priority";
/// In milliseconds.
const A_DAY: u64 = 86_400_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_fault_is_read() {
        let seconds = Duration::from_secs;
        for (said, kind, at, span) in [
            ("kill A at 3s", Kind::Kill(0), seconds(3), None),
            ("stop lab-backup at 3", Kind::Stop(1), seconds(3), None),
            ("start B at 2m", Kind::Start(1), seconds(120), None),
            (
                " pause  A at 1.5s for 500ms",
                Kind::Pause(0),
                Duration::from_millis(1_500),
                Some(Duration::from_millis(500)),
            ),
            ("link B down at 0", Kind::LinkDown { node: 1, interface: None }, seconds(0), None),
            (
                "link eth0 of A down at 3s for 2s",
                Kind::LinkDown { node: 0, interface: Some("eth0".to_owned()) },
                seconds(3),
                Some(seconds(2)),
            ),
            (
                "script chk fails on B at 3s for 2s",
                Kind::Script { name: "chk".to_owned(), node: 1 },
                seconds(3),
                Some(seconds(2)),
            ),
            (
                "priority 50 of VI_1 on A at 3s",
                Kind::Priority { priority: 50, router: "VI_1".to_owned(), node: 0 },
                seconds(3),
                None,
            ),
            (
                "cut A->B at 5s for 2s",
                Kind::Cut { from: 0, to: 1, both: false },
                seconds(5),
                Some(seconds(2)),
            ),
            ("cut B<->A at 5s", Kind::Cut { from: 1, to: 0, both: true }, seconds(5), None),
            ("loss 12.5% at 5s for 2s", Kind::Loss { permille: 125 }, seconds(5), Some(seconds(2))),
            (
                "script chk on A fails at 5s",
                Kind::Script { name: "chk".to_owned(), node: 0 },
                seconds(5),
                None,
            ),
        ] {
            assert_eq!(read(said), Ok(Fault { kind, at, span, said: said.to_owned() }), "{said}");
        }
    }

    #[test]
    fn an_error_shows_the_place_and_the_grammar() {
        let text = read("cut A->C at 5s").unwrap_err().to_string();
        let begin = "--fault, at character 5: expected NODE->NODE or NODE<->NODE (A, B)\n  cut A->C at 5s\n      ^\n\
                     a fault is one of\n  kill NODE at TIME ";
        assert!(text.starts_with(begin), "{text}");
    }

    #[test]
    fn each_place_where_a_fault_may_be_wrong_is_told() {
        for (said, position, expected) in [
            ("", 0, KINDS),
            ("kil A at 3s", 0, KINDS),
            ("kill X at 3s", 5, "a node (A, B)"),
            ("kill A", 6, "`at`"),
            ("kill A at soon", 10, "a time (5, 5s, 500ms, 1.5s, 2m)"),
            ("kill A at 3s for 4s", 13, "the end"),
            ("pause A at 3s", 13, "`for`"),
            ("link A up at 3s", 7, "`down`"),
            ("link C down at 3s", 5, "a node (A, B) or the name of an interface and `of`"),
            ("link eth0 of C down at 3s", 13, "a node (A, B)"),
            ("priority 255 of VI_1 on A at 3s", 9, "a priority from 1 to 254"),
            ("priority 50 of VI_1 of A at 3s", 20, "`on`"),
            ("cut A->A at 3s", 4, "NODE->NODE or NODE<->NODE (A, B)"),
            ("loss 101% at 3s", 5, "a percentage from 0% to 100%"),
            ("script chk on A is at 3s", 16, "`fails`"),
        ] {
            let error = read(said).unwrap_err();
            assert_eq!((error.position, error.expected.as_str()), (position, expected), "{said}");
        }
    }

    fn read(said: &str) -> Result<Fault, FaultError> {
        let nodes = [("A", "lab-master"), ("B", "lab-backup")];
        let nodes = nodes.map(|(letter, stem)| (letter.to_owned(), stem.to_owned()));
        parse(said, Names { nodes: &nodes })
    }
}
