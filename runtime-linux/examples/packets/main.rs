//! Packets per second through a director: the user-space data plane beside the kernel's IPVS, on the same links and with
//! the same generator.
//!
//! A client, a director and a server stand in namespaces of their own, with one pair of virtual interfaces between
//! client and director and one between director and server. The client sends datagrams of many flows from a packet
//! socket, past its own stack; a packet socket on the server counts them. Every datagram bears the number of its flow and
//! its number in it, so that one that was overtaken is seen.
//!
//! - "without loss": no more than a window of datagrams is under way, so that none finds a full queue.
//! - "overload": the client sends as fast as it can, and what arrives is counted.
//!
//! `bench/packets` runs it in the virtual machine that has IPVS.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use core::time::Duration;

use clap::Parser;

mod load;
mod site;
mod sys;

use site::{Site, Subject, Way};

/// Measures packets per second through a director.
#[derive(Parser)]
struct Arguments {
    /// Runs of each, one of every kind after the other.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Datagrams in each run.
    #[arg(long, default_value_t = 100_000)]
    datagrams: u32,
    /// Bytes of each frame.
    #[arg(long, default_value_t = 64)]
    size: usize,
    /// Datagrams under way at most, in runs without loss.
    #[arg(long, default_value_t = 256)]
    window: u32,
    /// Numbers of threads of the user-space data plane.
    #[arg(long, value_delimiter = ',', default_value = "1")]
    threads: Vec<usize>,
    /// Measure the kernel's IPVS too.
    #[arg(long)]
    kernel: bool,
    /// Measure another program too: a shell command that forwards from eth0 to eth1, to the link address `$NEXT_HOP`.
    #[arg(long)]
    other: Option<String>,
    /// Leave out the runs under overload.
    #[arg(long)]
    brief: bool,
    /// Only direct routing.
    #[arg(long)]
    direct: bool,
}

/// One run.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// Arrived.
    received: u32,
    /// Sent.
    sent: u32,
    /// Came after a later one of their flow.
    overtaken: u32,
    /// From the first to the last.
    time: Duration,
}

impl Run {
    fn rate(&self) -> f64 {
        f64::from(self.received) / self.time.as_secs_f64()
    }
}

/// What was measured of one kind.
struct Row {
    subject: Subject,
    way: Way,
    careful: Vec<Run>,
    overload: Vec<Run>,
}

fn main() -> anyhow::Result<()> {
    runtime_linux::lab::enter()?;
    let arguments = Arguments::parse();
    let mut subjects = vec![Subject::Wire, Subject::Router];
    if arguments.kernel {
        subjects.push(Subject::Kernel);
    }
    subjects.extend(arguments.threads.iter().map(|threads| Subject::User { threads: *threads }));
    if arguments.other.is_some() {
        subjects.push(Subject::Other);
    }
    let ways: &[Way] = if arguments.direct { &[Way::Direct] } else { &[Way::Direct, Way::Translated] };
    let mut rows: Vec<Row> = Vec::new();
    for way in ways {
        for subject in &subjects {
            if matches!(subject, Subject::Wire | Subject::Router | Subject::Other) && *way != Way::Direct {
                continue;
            }
            rows.push(Row { subject: *subject, way: *way, careful: Vec::new(), overload: Vec::new() });
        }
    }
    for _ in 0..arguments.rounds {
        for row in &mut rows {
            let mut site = Site::new(row.subject, row.way, arguments.other.as_deref())?;
            // Neighbours are found and connections are opened before the clock runs.
            load::careful(&mut site, 2 * load::FLOWS, arguments.size, arguments.window)?;
            row.careful.push(load::careful(
                &mut site,
                arguments.datagrams,
                arguments.size,
                arguments.window,
            )?);
            if !arguments.brief {
                row.overload.push(load::overload(&mut site, arguments.datagrams, arguments.size)?);
            }
            if std::env::var_os("PACKETS_COUNTERS").is_some() {
                eprintln!("{:?} {:?}", row.subject, site.trouble());
            }
        }
    }
    print(&arguments, &rows);
    Ok(())
}

fn print(arguments: &Arguments, rows: &[Row]) {
    let uname = nix::sys::utsname::uname().map(|name| name.release().to_string_lossy().into_owned());
    println!(
        "### Linux {}, {} processors, {} flows, frames of {} bytes, {} datagrams a run, {} runs of each",
        uname.unwrap_or_default(),
        std::thread::available_parallelism().map_or(1, usize::from),
        load::FLOWS,
        arguments.size,
        arguments.datagrams,
        arguments.rounds,
    );
    println!();
    println!(
        "| director | way | packets/s without loss, median (least to most) | lost | µs a packet | less generator and sink | \
         packets/s under overload, median (least to most) | of sent | overtaken |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    let wire = rows.iter().find(|row| row.subject == Subject::Wire).map_or(0.0, |row| cost(&row.careful));
    for row in rows {
        let all = || row.careful.iter().chain(&row.overload);
        let arrived = |runs: &[Run]| {
            let (received, sent) = runs
                .iter()
                .fold((0.0, 0.0), |(r, s), run| (r + f64::from(run.received), s + f64::from(run.sent)));
            if sent > 0.0 { format!("{:.0} %", 100.0 * received / sent) } else { "-".to_owned() }
        };
        println!(
            "| {} | {} | {} | {} | {:.2} | {:.2} | {} | {} | {} |",
            row.subject,
            row.way,
            spread(&row.careful),
            row.careful.iter().map(|run| run.sent - run.received).sum::<u32>(),
            cost(&row.careful),
            cost(&row.careful) - wire,
            spread(&row.overload),
            arrived(&row.overload),
            all().map(|run| run.overtaken).sum::<u32>(),
        );
    }
}

/// Microseconds for each datagram, by the median run.
fn cost(runs: &[Run]) -> f64 {
    1e6 / sorted(runs).get(runs.len() / 2).copied().unwrap_or(f64::NAN)
}

fn spread(runs: &[Run]) -> String {
    let rates = sorted(runs);
    match rates.as_slice() {
        [] => "-".to_owned(),
        [least, .., most] => format!("{:.0} ({least:.0} to {most:.0})", rates[rates.len() / 2]),
        [only] => format!("{only:.0}"),
    }
}

fn sorted(runs: &[Run]) -> Vec<f64> {
    let mut rates: Vec<f64> = runs.iter().map(Run::rate).collect();
    rates.sort_by(f64::total_cmp);
    rates
}
