//! The configurations that are compared: written ones, one for each word, and published ones with one change each.

use std::collections::BTreeMap;

use bench::simulation;

use super::words::{folder, samples, unfolded, within};
use crate::sample;

/// A configuration with a name.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// Says where it comes from.
    pub(super) name: String,
    /// The main file and what it includes: the text of each by its name, `x.conf` being the main one.
    pub(super) files: BTreeMap<String, String>,
}

impl Case {
    fn new(name: impl Into<String>, text: String) -> Self {
        Self { name: name.into(), files: BTreeMap::from([(MAIN.to_owned(), text)]) }
    }
}

/// The main file of each case.
pub(super) const MAIN: &str = "x.conf";

/// The cases of `corpus/*.conf`: a line `=== BLOCK: NAME` begins each, and its lines are put into that block; `file` means
/// that they are the whole file. `--- NAME` begins a file beside it.
pub(super) fn written() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut paths: Vec<_> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "conf")) {
        let text = std::fs::read_to_string(path).unwrap();
        for part in text.split("\n=== ").skip(1) {
            let (head, body) = part.split_once('\n').unwrap_or((part, ""));
            let (block, name) = head.split_once(": ").unwrap_or_else(|| panic!("{head}"));
            let mut files = body.split("\n--- ");
            let main = files.next().unwrap_or_default();
            let main = if block == "file" { format!("{main}\n") } else { within(block, main) };
            let mut case = Case::new(format!("{block}: {name}"), main);
            for file in files {
                let (name, text) = file.split_once('\n').unwrap_or((file, ""));
                case.files.insert(name.to_owned(), format!("{text}\n"));
            }
            cases.push(case);
        }
    }
    cases
}

/// Each word with a good value, with a wrong one, and alone.
pub(super) fn generated() -> Vec<Case> {
    let mut cases = Vec::new();
    for sample in samples() {
        let mut add = |manner: &str, value: &str| {
            let line = unfolded(&format!("{} {value}", sample.word));
            let name = format!("{}/{} {manner}", sample.block, sample.word);
            cases.push(Case::new(name, within(&sample.block, &line)));
        };
        add("good", &sample.good);
        if let Some(wrong) = &sample.wrong {
            add("wrong", wrong);
        }
        if !sample.good.is_empty() {
            add("alone", "");
        }
    }
    cases
}

/// The sample configurations as they are, ours and published ones.
pub(super) fn samples_as_they_are() -> Vec<Case> {
    ["", "published"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(sample(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "conf"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            Case::new(format!("sample {name}"), std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// Published set-ups, each with one change that a person makes by mistake. Always the same ones.
pub(super) fn mutated(count: u64) -> Vec<Case> {
    let mut texts: Vec<(String, String)> = std::fs::read_dir(sample("published"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            // What makes keepalived complain of the file as it is would hide what it says of a change: words that it has in
            // other checks only, and scripts that are elsewhere.
            let text = std::fs::read_to_string(path).unwrap().replace("nb_get_retry", "retry");
            let lines = text.lines().map(|line| match line.split_once(" \"/") {
                Some((before, _)) => format!("{before} \"/bin/true\"\n"),
                None => format!("{line}\n"),
            });
            (name, lines.collect())
        })
        .collect();
    texts.sort();
    let mut random = Random(simulation::Random::new(7));
    (0..count)
        .map(|number| {
            let (name, text) = &texts[random.below(texts.len())];
            let (change, text) = random.change(text);
            let secure = "global_defs {\nenable_script_security\nscript_user root\n}\n";
            Case::new(format!("mutation {number}, {name}: {change}"), format!("{secure}{text}"))
        })
        .collect()
}

/// What is to be changed, and how.
struct Random(simulation::Random);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.0.number() >> 32).unwrap_or(0) % count.max(1)
    }

    /// The text with one line changed, and how.
    fn change(&mut self, text: &str) -> (String, String) {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let written: Vec<usize> = (0..lines.len()).filter(|index| is_written(&lines[*index])).collect();
        let at = written[self.below(written.len())];
        let line = lines[at].split(['#', '!']).next().unwrap_or_default().trim().to_owned();
        let words: Vec<&str> = line.split_whitespace().collect();
        let word = self.below(words.len());
        let changed = |with: &str| {
            let mut words = words.clone();
            words[word] = with;
            words.join(" ")
        };
        let kind = self.below(8);
        match kind {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, line.clone()),
            2 => lines[at] = changed(&words[word][1..]),
            3 => lines[at] = changed(&format!("{0}{0}", words[word])),
            4 => lines[at] = changed(""),
            5 => lines[at] = changed(["0", "256", "-1", "nonsense", "1.5", "\"\""][self.below(6)]),
            6 => lines[at] = format!("{line} nonsense"),
            _ => {
                let other = written[self.below(written.len())];
                lines.swap(at, other);
            }
        }
        let how = [
            "without",
            "twice",
            "a letter less",
            "a word doubled",
            "a word less",
            "another word",
            "more",
            "moved",
        ];
        (format!("{} `{line}`", how[kind]), lines.join("\n") + "\n")
    }
}

/// A line that says something.
fn is_written(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with(['#', '!'])
}
