//! A failure that a person can use: which cell, which way round, what was expected, and what was on the wire.

use core::fmt::Write;
use core::net::IpAddr;
use core::time::Duration;

use runtime_linux::lab::{Frame, Seen};

use crate::scene::{NAMES, Scene};
use crate::wire::spans;

/// The whole report.
pub(crate) fn report(scene: &Scene, phase: &str, expected: &str, seen: &str) -> String {
    let [better, worse] = scene.way;
    let mut text = format!(
        "\n== cell \"{}\": {better} is the better router, {worse} the worse one\n   when:     {phase}\n   expected: \
         {expected}\n   seen:     {seen}\n   timeline, seconds since the first start:\n",
        scene.cell.name,
    );
    let origin = scene.marks.first().map_or(Duration::ZERO, |mark| mark.0);
    let mut moments = scene.marks.clone();
    for (link, router) in scene.links.iter().zip(scene.cell.routers()) {
        let seen = link.observer.seen();
        for span in spans(&seen, router, [scene.cell.interval(0), scene.cell.interval(1)]) {
            let who = scene.name(span.side);
            let until = span.to.saturating_sub(origin).as_secs_f64();
            let what = format!(
                "{who}: {router}, priority {}, {} adverts until {until:.3}, at most {:.1} ms apart",
                span.priority,
                span.adverts,
                span.longest_gap.as_secs_f64() * 1000.0,
            );
            moments.push((span.from, what));
            if let Some(goodbye) = span.goodbye {
                moments.push((goodbye, format!("{who}: {router}, goodbye")));
            }
        }
        moments.extend(announcements(&seen).into_iter().map(|(at, node, address, count)| {
            (at, format!("{node}: announces {address}, {count} times within a second"))
        }));
    }
    moments.sort_by_key(|moment| moment.0);
    for (at, what) in moments {
        writeln!(text, "     {:9.3}  {what}", at.saturating_sub(origin).as_secs_f64()).unwrap();
    }
    for side in [0, 1] {
        writeln!(text, "   the end of what {} says (wall clock modulo 1000 s):", scene.name(side)).unwrap();
        let log = scene.log(side);
        let told = log.iter().filter(|line| !NOISE.iter().any(|noise| line.contains(noise)));
        let told: Vec<_> = told.collect();
        for line in &told[told.len().saturating_sub(LINES)..] {
            writeln!(text, "     {line}").unwrap();
        }
    }
    text
}

/// Announcements, those of one node for one address within a second as one.
fn announcements(seen: &[Seen]) -> Vec<(Duration, String, IpAddr, usize)> {
    let mut found: Vec<(Duration, String, IpAddr, usize)> = Vec::new();
    for seen in seen.iter().filter(|seen| NAMES.contains(&seen.node.as_str())) {
        let Frame::Announcement { address, .. } = seen.frame else { continue };
        let near = |it: &&mut (Duration, String, IpAddr, usize)| {
            it.1 == seen.node && it.2 == address && seen.at < it.0 + Duration::from_secs(1)
        };
        match found.iter_mut().rfind(near) {
            Some(one) => one.3 += 1,
            None => found.push((seen.at, seen.node.clone(), address, 1)),
        }
    }
    found
}

/// What FRR says again and again.
const NOISE: [&str; 3] =
    ["Adver_Timer expired", "Received VRRP Advertisement", "Refusing to start Virtual Router"];

/// How much of a log is shown.
const LINES: usize = 40;
