//! The control socket: one line of JSON in, one line of JSON out.
//!
//! `steadfast status` is a client of it. The socket is made with mode 0600: who may speak to it may see and
//! change what the daemon does.

use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};

use crate::perform::check::{Meant, Wish};

pub mod client;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Request {
    /// The state of every router and service.
    Status,
    /// Why something is as it is.
    Why {
        /// A router's name, or the address of a service or of a real server.
        name: String,
    },
    /// Something shall become of real servers.
    Obey {
        /// Of which.
        meant: Meant,
        /// What.
        wish: Wish,
    },
}

/// A request that waits for its answer.
#[derive(Debug)]
pub struct Question {
    /// What is asked.
    pub request: Request,
    /// Where the answer goes.
    pub answer: oneshot::Sender<serde_json::Value>,
}

/// The listening end; the socket's file goes when this does.
#[derive(Debug)]
pub struct Socket {
    path: PathBuf,
}

/// The longest line taken from a client, in bytes.
const LONGEST_REQUEST: u64 = 4_096;
/// How many questions may wait for the control thread.
const WAITING: usize = 16;

impl Socket {
    /// Listens at `path`. A socket that a crashed daemon left is replaced; one that answers is not.
    ///
    /// # Errors
    /// What the kernel said, or [`io::ErrorKind::AddrInUse`] when another daemon listens there.
    pub fn open(path: &Path) -> io::Result<(Self, mpsc::Receiver<Question>)> {
        if let Ok(metadata) = path.symlink_metadata() {
            if !metadata.file_type().is_socket() {
                return Err(io::Error::new(
                    io::ErrorKind::AlreadyExists,
                    "something that is not a socket is there",
                ));
            }
            if StdUnixStream::connect(path).is_ok() {
                return Err(io::Error::new(io::ErrorKind::AddrInUse, "another daemon listens there"));
            }
            std::fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        let (questions, receiver) = mpsc::channel(WAITING);
        tokio::spawn(accept(listener, questions));
        Ok((Self { path: path.to_owned() }, receiver))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Gone already is as good as removed.
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn accept(listener: UnixListener, questions: mpsc::Sender<Question>) {
    while !questions.is_closed() {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve(stream, questions.clone()));
            }
            Err(error) => {
                // Out of descriptors, most likely: let somebody else finish first.
                tracing::warn!("control socket: {error}");
                tokio::time::sleep(core::time::Duration::from_millis(100)).await;
            }
        }
    }
}

/// Answers one client until it goes away. Its errors are its own affair.
async fn serve(stream: UnixStream, questions: mpsc::Sender<Question>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read.take(LONGEST_REQUEST)).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = match serde_json::from_str(&line) {
            Ok(request) => ask(&questions, request).await,
            Err(error) => serde_json::json!({ "error": format!("not a request: {error}") }),
        };
        let mut text = answer.to_string();
        text.push('\n');
        if write.write_all(text.as_bytes()).await.is_err() {
            return;
        }
        lines.get_mut().get_mut().set_limit(LONGEST_REQUEST);
    }
}

async fn ask(questions: &mpsc::Sender<Question>, request: Request) -> serde_json::Value {
    let (answer, receiver) = oneshot::channel();
    let stopping = || serde_json::json!({ "error": "the daemon is stopping" });
    if questions.send(Question { request, answer }).await.is_err() {
        return stopping();
    }
    receiver.await.unwrap_or_else(|_| stopping())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_a_runtime(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
    }

    /// Sends `line` to a daemon that answers every question with its request.
    async fn exchange(line: &str) -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control.sock");
        let (_socket, mut questions) = Socket::open(&path).unwrap();
        tokio::spawn(async move {
            while let Some(question) = questions.recv().await {
                let _ = question.answer.send(serde_json::to_value(&question.request).unwrap());
            }
        });
        let mut stream = UnixStream::connect(&path).await.unwrap();
        stream.write_all(line.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[test]
    fn each_line_gets_one_line_back() {
        on_a_runtime(async {
            let two = "{\"command\":\"status\"}\n{\"command\":\"status\"}\n";
            assert_eq!(exchange(two).await, two);
        });
    }

    #[test]
    fn what_is_not_a_request_is_told_so() {
        on_a_runtime(async {
            let answer = exchange("{\"command\":\"reboot\"}\n").await;
            assert!(answer.starts_with("{\"error\":\"not a request: unknown variant `reboot`"), "{answer}");
        });
    }

    #[test]
    fn a_line_without_end_is_cut_off() {
        on_a_runtime(async {
            let answer = exchange(&"x".repeat(10_000)).await;
            assert!(answer.starts_with("{\"error\":\"not a request"), "{answer}");
        });
    }

    #[test]
    fn a_living_daemon_keeps_its_socket_and_a_dead_one_loses_it() {
        on_a_runtime(async {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("control.sock");
            drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
            let (socket, _questions) = Socket::open(&path).unwrap();
            assert_eq!(Socket::open(&path).unwrap_err().kind(), io::ErrorKind::AddrInUse);
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            drop(socket);
            assert!(!path.exists());
        });
    }

    #[test]
    fn a_file_of_somebody_else_is_left_alone() {
        on_a_runtime(async {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("notes.txt");
            std::fs::write(&path, "mine").unwrap();
            assert!(Socket::open(&path).is_err());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
        });
    }
}
