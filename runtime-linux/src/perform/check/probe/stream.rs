//! Performing a conversation: what [`Conversation`] decides, done on a socket.

use std::io;

use check_core::stream::{Action, Conversation, Dialogue, Event};
use check_core::{Failure, Tls};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_rustls::client::TlsStream;

use super::connect::{close, connect, reason, remaining, within};
use super::{Outcome, tls};
use crate::clock;
use crate::config::model::Connect;

/// When TLS begins.
#[derive(Clone, Copy)]
pub(super) enum Secure<'c> {
    /// Never.
    Never,
    /// With the first byte.
    AtOnce(&'c tls::Client),
    /// When the dialogue asks.
    WhenAsked(&'c tls::Client),
}

/// How a conversation takes its end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Farewell {
    /// TLS's own: without it the answer may have been cut off.
    Required,
    /// The connection's will do.
    Any,
}

/// A connection, before and after it was secured.
enum Line {
    Plain(TcpStream),
    Secured(Box<TlsStream<TcpStream>>),
}

/// Has the conversation with the server.
pub(super) async fn converse<D: Dialogue>(
    mut conversation: Conversation<D>,
    to: &Connect,
    secure: Secure<'_>,
    farewell: Farewell,
) -> Outcome {
    let mut line: Option<Line> = None;
    let mut buffer = Vec::new();
    let mut event = Event::Start;
    loop {
        let mut next = None;
        for action in conversation.handle(clock::now(), event) {
            match action {
                Action::Connect => {
                    next = match within(conversation.deadline(), connect(to)).await {
                        Some(Ok(stream)) => match secure {
                            Secure::Never | Secure::WhenAsked(_) => {
                                line = Some(Line::Plain(stream));
                                Some(Event::Connected)
                            }
                            Secure::AtOnce(client) => {
                                let none = conversation.handle(clock::now(), Event::Reached);
                                debug_assert!(none.is_empty(), "the handshake is the runtime's");
                                match within(conversation.deadline(), client.secure(stream)).await {
                                    Some(Ok(stream)) => {
                                        line = Some(Line::Secured(Box::new(stream)));
                                        Some(Event::Connected)
                                    }
                                    Some(Err(error)) => match broken(&error, to) {
                                        Some(failure) => Some(Event::Failed(failure)),
                                        None => return Outcome::Skipped(error.to_string()),
                                    },
                                    None => Some(Event::Tick),
                                }
                            }
                        },
                        Some(Err(error)) => match broken(&error, to) {
                            Some(failure) => Some(Event::Failed(failure)),
                            None => return Outcome::Skipped(error.to_string()),
                        },
                        None => Some(Event::Tick),
                    };
                }
                Action::Send => {
                    let mut text = Vec::new();
                    conversation.message(&mut |piece| text.extend_from_slice(piece));
                    let deadline = conversation.deadline();
                    if let Some(line) = &mut line
                        && let Some(Err(error)) = within(deadline, line.write(&text)).await
                        && let Some(failure) = broken(&error, to)
                    {
                        next = Some(Event::Failed(failure));
                    }
                }
                Action::Secure => {
                    let (Some(Line::Plain(plain)), Secure::WhenAsked(client)) = (line.take(), secure) else {
                        return Outcome::Skipped("there is no TLS for this check".to_owned());
                    };
                    next = match within(conversation.deadline(), client.secure(plain)).await {
                        Some(Ok(stream)) => {
                            line = Some(Line::Secured(Box::new(stream)));
                            Some(Event::Secured)
                        }
                        Some(Err(error)) => broken(&error, to).map(Event::Failed),
                        None => Some(Event::Tick),
                    };
                }
                Action::Close => {
                    if let Some(line) = line.take() {
                        line.close().await;
                    }
                }
                Action::Finished(result) => return result.into(),
            }
        }
        event = match (next, &mut line) {
            (Some(next), _) => next,
            (None, Some(line)) => match within(conversation.deadline(), line.read(room(&mut buffer))).await {
                Some(Ok(0)) => Event::Closed,
                Some(Ok(length)) => Event::Received(&buffer[..length]),
                Some(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => match farewell {
                    Farewell::Required => Event::Failed(Failure::Tls(Tls::Truncated)),
                    Farewell::Any => Event::Closed,
                },
                Some(Err(error)) => match broken(&error, to) {
                    Some(failure) => Event::Failed(failure),
                    None => return Outcome::Skipped(error.to_string()),
                },
                None => Event::Tick,
            },
            (None, None) => {
                sleep(remaining(conversation.deadline())).await;
                Event::Tick
            }
        };
    }
}

/// Where what comes goes; nobody who only waits for a connection holds memory for it.
fn room(buffer: &mut Vec<u8>) -> &mut [u8] {
    buffer.resize(16_384, 0);
    buffer
}

/// What a broken connection says about the server; nothing when this host lacks something.
fn broken(error: &io::Error, to: &Connect) -> Option<Failure> {
    if let Some(failure) = tls::failure(error) {
        return Some(Failure::Tls(failure));
    }
    if error.kind() == io::ErrorKind::UnexpectedEof {
        // Within the handshake; later it is told apart before it comes here.
        return Some(Failure::Tls(Tls::Closed));
    }
    if error.kind() == io::ErrorKind::InvalidData {
        return Some(Failure::Tls(Tls::Malformed));
    }
    reason(error, to)
}

impl Line {
    async fn write(&mut self, text: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(text).await,
            Self::Secured(stream) => {
                stream.write_all(text).await?;
                stream.flush().await
            }
        }
    }

    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer).await,
            Self::Secured(stream) => stream.read(buffer).await,
        }
    }

    async fn close(self) {
        match self {
            Self::Plain(stream) => close(&stream),
            Self::Secured(mut stream) => {
                // A server that is gone already needs no farewell; TLS's own is sent with it.
                let _ = stream.shutdown().await;
                close(stream.get_ref().0);
            }
        }
    }
}
