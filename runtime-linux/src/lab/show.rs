//! `steadfast lab`: builds the laboratory, tells the story, and takes everything away.

use core::time::Duration;
use std::path::PathBuf;

use nix::sys::signal::{SigSet, Signal};

use super::plan::Plan;
use super::stage::Stage;
use super::story::{Story, last_words};
use super::{Daemon, Error, Place, enter, kill_all};

/// What `steadfast lab` was asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Leave it running after the story, until interrupted.
    pub keep: bool,
    /// Print what the directors say as they say it.
    pub verbose: bool,
    /// The directors' configurations; the built-in pair when empty.
    pub configs: Vec<PathBuf>,
    /// Who directs; the running program when absent.
    pub daemon: Option<Daemon>,
}

/// Runs the laboratory. True: everything that was expected was seen.
///
/// Has to be called before any other thread exists. An interrupt ends the whole program, and with it every
/// process and network of the laboratory.
pub fn run(options: &Options) -> Result<bool, Error> {
    let place = enter()?;
    end_on_signal()?;
    let daemon = match &options.daemon {
        Some(daemon) => daemon.clone(),
        None => Daemon::this().map_err(Error::when("finding this program"))?,
    };
    let plan = if options.configs.is_empty() { Plan::published() } else { Plan::read(&options.configs)? };
    perform(&plan, &daemon, options, place)
}

/// Tells the story of `plan` with `daemon` directing.
pub fn perform(plan: &Plan, daemon: &Daemon, options: &Options, place: Place) -> Result<bool, Error> {
    println!("{}", picture(plan, &daemon.name));
    let mut story = Story::new(plan, Stage::build(plan)?, daemon, options.verbose);
    let told = story.tell();
    println!("\n{}", story.report());
    let held = told.is_ok() && story.report().held();
    if !held {
        last_words(&story.stage);
    }
    told?;
    if options.keep {
        keep(&mut story, place)?;
    }
    Ok(held)
}

/// Brings every director back and waits for the interrupt.
fn keep(story: &mut Story<'_>, place: Place) -> Result<(), Error> {
    for post in &mut story.stage.directors {
        if post.process.as_ref().is_none_or(|process| process.ended().is_some()) {
            post.start(story.daemon, story.aloud)?;
        }
    }
    println!("everything is left running until Ctrl-C. Look around from another terminal:\n");
    let user = match place {
        Place::Machine => String::new(),
        Place::UserNamespace => {
            format!(" --user=/proc/{}/ns/user --preserve-credentials", std::process::id())
        }
    };
    let stage = &story.stage;
    for post in &stage.directors {
        let Some(process) = &post.process else { continue };
        println!(
            "  nsenter{user} --target {} --net --mount --root ip address   # {}",
            process.id(),
            post.node.name()
        );
    }
    let others = stage.real_servers.iter().map(|server| &server.node).chain([&stage.client]);
    for node in others {
        println!("  nsenter{user} --net={} ip address   # {}", node.network_path(), node.name());
    }
    if let Some(service) = &story.plan.service {
        let path = stage.client.network_path();
        println!("  nsenter{user} --net={path} curl http://{}/   # ask as the client", service.address);
    }
    // Ends with the program: the signal's thread does that.
    loop {
        stage.observer.wait(Duration::from_secs(3600), |_| None::<()>);
    }
}

/// From here on SIGINT, SIGTERM and SIGHUP end the program after every process of the laboratory was killed.
fn end_on_signal() -> Result<(), Error> {
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        signals.add(signal);
    }
    // Threads to come inherit the mask, so that only the one that waits hears of them.
    signals.thread_block().map_err(Error::when("blocking signals"))?;
    std::thread::spawn(move || while let Err(nix::Error::EINTR) = signals.wait().map(end) {});
    Ok(())
}

fn end(signal: Signal) {
    kill_all();
    eprintln!("{signal}: everything of the laboratory is gone");
    std::process::exit(128 + signal as i32);
}

/// Who is who, before anything happens.
fn picture(plan: &Plan, program: &str) -> String {
    let addresses: Vec<_> = plan.addresses.iter().map(|cidr| cidr.address.to_string()).collect();
    let service = plan.service.as_ref().map(|service| {
        let servers = service.real_servers.iter().zip(1..);
        let servers: Vec<_> = servers.map(|(server, number)| format!("web{number} at {server}")).collect();
        format!("  virtual server {}: {}\n", service.address, servers.join(", "))
    });
    format!(
        "A laboratory of network namespaces: {} directors run {program}, and nothing leaves this machine.\n\n  \
         virtual router {} (VRRPv{}, an advert every {} s): {}\n{}",
        plan.directors.len(),
        plan.vrid,
        plan.version,
        plan.interval.as_secs_f64(),
        addresses.join(", "),
        service.unwrap_or_default()
    )
}
