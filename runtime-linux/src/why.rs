//! `steadfast why NAME`: why a router, a service or a real server is as it is, on one screen.
//!
//! The daemon looks the name up in the same state that `steadfast status` shows and puts it into words; the first
//! line is the answer.

mod name;
mod router;
mod service;
mod span;
mod text;

use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use crate::api::{Request, client};
use crate::driver::InstanceStatus;
use crate::perform::check::{ServerStatus, ServiceStatus};

pub(crate) use name::is_meant;
pub use span::span;

/// Everything that has a name.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The VRRP instances.
    pub routers: &'a [InstanceStatus],
    /// The virtual servers, with their real servers.
    pub services: &'a [ServiceStatus],
}

/// The answer about one thing.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// What it is, and its state.
    #[serde(flatten)]
    pub about: About,
    /// The answer in one line.
    pub answer: String,
    /// The whole screen; the answer is its first line.
    pub text: String,
}

/// What an answer is about.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A VRRP instance.
    Router(Box<InstanceStatus>),
    /// A virtual server.
    Service(ServiceStatus),
    /// A real server of one virtual server.
    RealServer {
        /// The virtual server.
        service: String,
        /// The real server.
        server: ServerStatus,
    },
}

impl Answer {
    fn new(about: About, text: String) -> Self {
        let answer = text.lines().next().unwrap_or_default().to_owned();
        Self { about, answer, text }
    }
}

/// Everything called `name`: a router by its name, a service or real server by its address with or without port.
///
/// # Errors
/// Nothing is called so; the text lists what there is.
pub fn answer(name: &str, known: Known<'_>) -> Result<Vec<Answer>, String> {
    let mut answers: Vec<Answer> = (known.routers.iter().filter(|router| router.name == name))
        .map(|router| Answer::new(About::Router(Box::new(router.clone())), router::explain(router)))
        .collect();
    for service in known.services {
        let names = service.services.iter().chain([&service.service]);
        if names.into_iter().any(|known| name::is_meant(name, known)) {
            answers.push(Answer::new(About::Service(service.clone()), service::explain(service)));
        }
        for server in service.real_servers.iter().filter(|server| name::is_meant(name, &server.address)) {
            let about = About::RealServer { service: service.service.clone(), server: server.clone() };
            answers.push(Answer::new(about, service::explain_server(service, server)));
        }
    }
    if answers.is_empty() { Err(name::unknown(name, known)) } else { Ok(answers) }
}

/// What the control socket is told.
pub fn reply(name: &str, known: Known<'_>) -> Value {
    match answer(name, known) {
        Ok(answers) => json!({ "answers": answers }),
        Err(error) => json!({ "error": error }),
    }
}

/// `steadfast why`: asks the daemon at `socket` and prints its answer.
///
/// # Errors
/// Nobody answers, nothing is called so, or the terminal cannot be written to.
pub fn command(socket: &Path, name: &str, json: bool) -> anyhow::Result<()> {
    let reply = client::ask(socket, &Request::Why { name: name.to_owned() })?;
    let text = if json {
        serde_json::to_string_pretty(&reply)? + "\n"
    } else {
        let answers = reply.get("answers").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let texts: Vec<&str> =
            answers.iter().filter_map(|answer| answer.get("text").and_then(Value::as_str)).collect();
        texts.join("\n")
    };
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

#[cfg(test)]
mod tests;
