//! The command `steadfast`.

use std::env;
use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use runtime_linux::args::{self, Invocation, Usage};
use runtime_linux::{api, app, capture, config, genhash, lab, realserver, simulate, why};

fn main() -> ExitCode {
    let mut arguments = env::args_os();
    let name = arguments.next().unwrap_or_default();
    let invocation = match args::parse_as(&name, arguments) {
        Ok(invocation) => invocation,
        Err(Usage { message, code }) => {
            eprintln!("{}", message.trim_end());
            return ExitCode::from(code);
        }
    };
    match perform(invocation) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("steadfast: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(invocation: Invocation) -> anyhow::Result<u8> {
    match invocation {
        Invocation::Run(run) => app::run(&run),
        Invocation::Check(check) => report(&check),
        Invocation::Status(status) => {
            api::client::status(&app::socket_path(status.socket.as_deref(), None), status.json).map(|()| 0)
        }
        Invocation::Why(question) => {
            let socket = app::socket_path(question.socket.as_deref(), None);
            why::command(&socket, &question.name, question.json).map(|()| 0)
        }
        Invocation::Obey(order) => {
            let socket = app::socket_path(order.socket.as_deref(), None);
            api::client::obey(&socket, order.meant, order.wish).map(|()| 0)
        }
        Invocation::Simulate(options) => simulate::command(&options),
        Invocation::RealServer(options) => realserver::run(options).map(|()| 0),
        Invocation::Capture(options) => capture::run(options).map(|()| 0),
        Invocation::Lab(options) => Ok(if lab::run(&options)? { 0 } else { NOT_ALL_HELD }),
        Invocation::Diff(files) => Ok(say(config::difference::command(&files))),
        Invocation::Format(format) => config::format::command(&format).map(say),
        Invocation::Show(show) => Ok(say(config::show::command(&show))),
        Invocation::Digest(options) => genhash::command(&options).map(|text| say((text, 0))),
        Invocation::Say(text) => Ok(say((text, 0))),
        Invocation::SayAside(text) => {
            eprint!("{text}");
            Ok(0)
        }
    }
}

fn say((text, code): (String, u8)) -> u8 {
    // A closed pipe is the reader's choice.
    let _ = io::stdout().write_all(text.as_bytes());
    code
}

/// Checks configurations: people read the report on standard output, what calls `-t` on standard error.
fn report(check: &args::Check) -> anyhow::Result<u8> {
    let code = match &check.log {
        Some(path) => {
            let mut file = File::create(path).with_context(|| format!("{}", path.display()))?;
            config::check::command(check, &mut file, false)?
        }
        None if check.as_keepalived => config::check::command(check, &mut io::stderr(), false)?,
        None => match config::check::command(check, &mut io::stdout(), io::stdout().is_terminal()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            code => code?,
        },
    };
    Ok(code)
}

/// The laboratory saw something else than it expected.
const NOT_ALL_HELD: u8 = 1;
