//! The asking end of the control socket, and `steadfast status`.

mod table;

use core::time::Duration;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::Request;
use crate::perform::check::{Meant, Wish};

/// How long a daemon may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the daemon at `socket`.
///
/// # Errors
/// Nobody listens there, the daemon is silent for 5 s, or it says what it cannot do.
pub fn ask(socket: &Path, request: &Request) -> anyhow::Result<Value> {
    let path = socket.display();
    let stream = UnixStream::connect(socket).with_context(|| match socket.symlink_metadata() {
        Ok(_) => format!("{path}: the daemon that made this socket is gone, or it is root's (try sudo)"),
        Err(_) => format!("{path}: no such socket; is steadfast running, and with this --socket?"),
    })?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_string(request)?;
    line.push('\n');
    (&stream).write_all(line.as_bytes())?;
    let mut answer = String::new();
    BufReader::new(&stream)
        .read_line(&mut answer)
        .with_context(|| format!("{path}: no answer within {} s", PATIENCE.as_secs()))?;
    let answer: Value =
        serde_json::from_str(&answer).with_context(|| format!("{path}: not a daemon of ours"))?;
    if let Some(error) = answer.get("error").and_then(Value::as_str) {
        bail!("{error}");
    }
    Ok(answer)
}

/// `steadfast status`: prints the state of the daemon, as JSON or for people.
///
/// # Errors
/// As [`ask`], and when the terminal cannot be written to.
pub fn status(socket: &Path, json: bool) -> anyhow::Result<()> {
    let answer = ask(socket, &Request::Status)?;
    let text = if json { serde_json::to_string_pretty(&answer)? + "\n" } else { table::render(&answer) };
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// `steadfast drain`, `enable` and `weight`: tells the daemon, and prints how the servers stand then.
///
/// # Errors
/// As [`ask`], and when the terminal cannot be written to.
pub fn obey(socket: &Path, meant: Meant, wish: Wish) -> anyhow::Result<()> {
    let answer = ask(socket, &Request::Obey { meant, wish })?;
    let lines = answer.get("done").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let text: String =
        lines.iter().filter_map(Value::as_str).fold(String::new(), |text, line| text + line + "\n");
    Ok(io::stdout().write_all(text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_is_not_there_is_named_with_the_way_out() {
        let error = ask(Path::new("/nowhere/control.sock"), &Request::Status).unwrap_err();
        assert_eq!(
            error.to_string(),
            "/nowhere/control.sock: no such socket; is steadfast running, and with this --socket?"
        );
    }
}
