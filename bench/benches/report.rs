//! The tables, printed and written.

use core::fmt::{self, Write as _};
use std::path::Path;
use std::process::Command;
use std::{fs, io};

use crate::cases::Case;
use crate::sizes::Size;
use crate::targets;
use crate::times::Ratio;

/// Tables in Markdown, and whether every count is within its limit.
#[derive(Default)]
pub(crate) struct Report {
    text: String,
    exceeded: bool,
}

impl Report {
    pub(crate) fn counts(&mut self, counts: &[(Case, f64)], times: Option<&[(String, f64)]>) {
        self.heading("Instructions", &["one operation", "instructions", "at most", "wanted", "met", "ns"]);
        let time_of = |name: &str| {
            times?.iter().find(|(case, _)| case == name).map(|(_, nanoseconds)| format!("{nanoseconds:.1}"))
        };
        for (case, count) in counts {
            let target = targets::of(&case.name);
            let limit = target.map(|target| target.limit);
            let wanted = target.and_then(|target| target.wanted);
            if limit.is_some_and(|limit| *count > limit) {
                self.exceeded = true;
                eprintln!("{}: {count:.1} instructions, above its limit", case.name);
            }
            let cells = [
                case.name.clone(),
                format!("{count:.1}"),
                shown(limit),
                shown(wanted),
                met(*count, wanted),
                time_of(&case.name).unwrap_or_default(),
            ];
            self.row(&cells);
        }
        for (name, nanoseconds) in times.into_iter().flatten() {
            if !counts.iter().any(|(case, _)| case.name == *name) {
                let nothing = String::new;
                self.row(&[
                    name.clone(),
                    nothing(),
                    nothing(),
                    nothing(),
                    nothing(),
                    format!("{nanoseconds:.1}"),
                ]);
            }
        }
    }

    pub(crate) fn sizes(&mut self, sizes: &[Size]) {
        self.heading("Sizes", &["what", "octets", "wanted", "met"]);
        for size in sizes {
            let met = size.target.map_or("", |target| if size.octets <= target { "yes" } else { "no" });
            let wanted = size.target.map(|target| target.to_string()).unwrap_or_default();
            self.row(&[size.name.to_owned(), size.octets.to_string(), wanted, met.to_owned()]);
        }
    }

    pub(crate) fn ratios(&mut self, ratios: &[Ratio]) {
        self.heading(
            "Ratios of times within one run, the best of 61 rounds that take turns",
            &["one / other", "ns", "ns", "ratio", "wanted", "met"],
        );
        for Ratio { name, nanoseconds: [one, other], target } in ratios {
            let ratio = one / other;
            let wanted = target.map(|target| format!("{target:.3}")).unwrap_or_default();
            let cells = [
                name.clone(),
                format!("{one:.1}"),
                format!("{other:.1}"),
                format!("{ratio:.3}"),
                wanted,
                met(ratio, *target),
            ];
            self.row(&cells);
        }
    }

    pub(crate) fn is_within_limits(&self) -> bool {
        !self.exceeded
    }

    /// Puts the tables between their marks in `bench/RESULTS.md`.
    pub(crate) fn write(&self) -> io::Result<()> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("RESULTS.md");
        let text = fs::read_to_string(&path)?;
        let (before, rest) = text.split_once(BEGIN).ok_or_else(|| io::Error::other("its mark is missing"))?;
        let (_, after) = rest.split_once(END).ok_or_else(|| io::Error::other("its mark is missing"))?;
        fs::write(&path, format!("{before}{BEGIN}\n\n{}\n{self}\n{END}{after}", machine()))
    }

    fn heading(&mut self, title: &str, columns: &[&str]) {
        let rule = "| --- ".repeat(columns.len());
        writeln!(self.text, "\n### {title}\n\n| {} |\n{rule}|", columns.join(" | "))
            .expect("a text takes more");
    }

    fn row(&mut self, cells: &[String]) {
        writeln!(self.text, "| {} |", cells.join(" | ")).expect("a text takes more");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.trim())
    }
}

fn shown(number: Option<f64>) -> String {
    number.map(|number| format!("{number:.0}")).unwrap_or_default()
}

fn met(number: f64, wanted: Option<f64>) -> String {
    wanted.map_or("", |wanted| if number <= wanted { "yes" } else { "no" }).to_owned()
}

/// What the times depend on.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let processors = read("/proc/cpuinfo");
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let count = processors.lines().filter(|line| line.starts_with("processor")).count();
    let load = read("/proc/loadavg");
    let version = Command::new("rustc").arg("--version").output().map(|output| output.stdout);
    let compiler = String::from_utf8(version.unwrap_or_default()).unwrap_or_default();
    format!(
        "{} ({count} processors), Linux {}, load {}, {}.",
        model.map_or("unknown processor", |(_, model)| model),
        read("/proc/sys/kernel/osrelease").trim(),
        load.split(' ').next().unwrap_or_default(),
        compiler.trim(),
    )
}

const BEGIN: &str = "<!-- cores -->";
const END: &str = "<!-- end of cores -->";
