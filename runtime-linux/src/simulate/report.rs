//! What a simulation showed, as text and as JSON.

use core::fmt::Write as _;
use core::time::Duration;

use serde_json::{Value, json};

use super::Outcome;
use super::owners::{Ownership, Span};

/// The timeline, who owned what when, what was amiss, and the verdict.
pub(super) fn text(outcome: &Outcome) -> String {
    let files: Vec<String> = (outcome.nodes.iter().zip(&outcome.files))
        .map(|(node, file)| format!("{} is {}", node.letter, file.display()))
        .collect();
    let mut text = format!("{}; {} s, seed {}\n", files.join(", "), seconds(outcome.length), outcome.seed);
    // Writing to memory does not fail; here and below.
    for note in &outcome.remarks {
        let _ = writeln!(text, "note: {note}");
    }
    text.push_str("\nTIMELINE\n");
    let lines = &outcome.course.lines;
    let width = lines.iter().filter_map(|line| line.router.as_ref()).map(|name| name.chars().count()).max();
    let width = width.unwrap_or(0);
    for line in lines {
        let node = line.node.map_or("", |node| outcome.nodes[node].letter.as_str());
        let router = line.router.as_deref().unwrap_or("");
        let _ = writeln!(text, "{:>9}  {node:<2} {router:<width$}  {}", seconds(line.at), line.what);
    }
    for ownership in &outcome.course.ownership {
        let _ = writeln!(text, "\nOWNERS of {}", addresses(ownership));
        for span in &ownership.spans {
            let _ = writeln!(text, "{}  {}", range(span), owners(outcome, span));
        }
    }
    text.push('\n');
    for ownership in &outcome.course.ownership {
        text.push_str(&summary(outcome, ownership));
    }
    text.push_str(if outcome.holds() {
        "RESULT: no address was without an owner, or had two, for longer than it may\n"
    } else {
        "RESULT: an address was without an owner, or had two, for longer than it may: see TOO LONG\n"
    });
    text
}

fn summary(outcome: &Outcome, ownership: &Ownership) -> String {
    let name = addresses(ownership);
    let mut text = String::new();
    let bound = seconds(ownership.bound);
    let total = |spans: &[&Span]| seconds(spans.iter().map(|span| span.len()).sum());
    let orphaned: Vec<&Span> = ownership.orphaned().collect();
    let _ = writeln!(
        text,
        "{name}: without an owner {}, {} s in all (bound: {bound} s at a time)",
        times(orphaned.len()),
        total(&orphaned)
    );
    for span in &orphaned {
        let verdict = if span.len() <= ownership.bound { "" } else { "  TOO LONG" };
        let _ = writeln!(text, "{}  {} s{verdict}", range(span), seconds(span.len()));
    }
    let contested: Vec<&Span> = ownership.contested().collect();
    let _ =
        writeln!(text, "{name}: with two owners {}, {} s in all", times(contested.len()), total(&contested));
    for span in &contested {
        let explained = ownership.is_explained(span, &outcome.course.deaf);
        let verdict = if explained { "" } else { "  TOO LONG" };
        let _ = writeln!(text, "{}  {} s{verdict}", range(span), seconds(span.len()));
    }
    text
}

/// What [`text`] says, for programs. Times are microseconds from the begin.
pub(super) fn json(outcome: &Outcome) -> Value {
    let letter = |node: usize| outcome.nodes[node].letter.clone();
    let span = |span: &Span| {
        let owners: Vec<String> = span.owners.iter().map(|node| letter(*node)).collect();
        json!({ "from_us": microseconds(span.from), "to_us": microseconds(span.to), "owners": owners })
    };
    let nodes = outcome.nodes.iter().zip(&outcome.files);
    let lines = outcome.course.lines.iter().map(|line| {
        json!({
            "at_us": microseconds(line.at),
            "node": line.node.map(letter),
            "router": line.router,
            "what": line.what,
        })
    });
    let ownership = outcome.course.ownership.iter().map(|one| {
        json!({
            "addresses": one.addresses,
            "bound_us": microseconds(one.bound),
            "overlap_us": microseconds(one.overlap),
            "holds": one.holds(&outcome.course.deaf),
            "spans": one.spans.iter().map(span).collect::<Vec<_>>(),
            "without_owner_us": microseconds(one.orphaned().map(Span::len).sum()),
            "with_two_owners_us": microseconds(one.contested().map(Span::len).sum()),
        })
    });
    json!({
        "nodes": nodes.map(|(node, file)| json!({ "name": node.letter, "file": file })).collect::<Vec<_>>(),
        "length_us": microseconds(outcome.length),
        "seed": outcome.seed,
        "notes": outcome.remarks,
        "timeline": lines.collect::<Vec<_>>(),
        "addresses": ownership.collect::<Vec<_>>(),
        "holds": outcome.holds(),
    })
}

fn addresses(ownership: &Ownership) -> String {
    let list: Vec<String> = ownership.addresses.iter().map(ToString::to_string).collect();
    list.join(", ")
}

fn owners(outcome: &Outcome, span: &Span) -> String {
    if span.owners.is_empty() {
        return "nobody".to_owned();
    }
    let letters: Vec<&str> = span.owners.iter().map(|node| outcome.nodes[*node].letter.as_str()).collect();
    letters.join(" and ")
}

fn range(span: &Span) -> String {
    format!("{:>9} - {:>9}", seconds(span.from), seconds(span.to))
}

fn times(count: usize) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

/// With three places.
fn seconds(time: Duration) -> String {
    let milliseconds = (time + Duration::from_micros(500)).as_millis();
    format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000)
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
