//! A mail server that takes everything and keeps it.

use core::net::SocketAddr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use runtime_linux::lab::Node;

/// Listens at [`Sink::address`] of a host until the test ends.
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    letters: Arc<Mutex<Vec<Letter>>>,
}

/// What one client said, command by command, and the letter itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Letter {
    pub(crate) commands: Vec<String>,
    pub(crate) lines: Vec<String>,
}

impl Letter {
    pub(crate) fn subject(&self) -> String {
        let line = self.lines.iter().find_map(|line| line.strip_prefix("Subject: "));
        line.unwrap_or("no subject").to_owned()
    }
}

impl Sink {
    pub(crate) fn new(node: &Node) -> Self {
        let listener = node.run(|| TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let letters = Arc::<Mutex<Vec<Letter>>>::default();
        let kept = Arc::clone(&letters);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let kept = Arc::clone(&kept);
                // A client that goes away in the middle has sent nothing.
                thread::spawn(move || drop(talk(&stream, &kept)));
            }
        });
        Self { address, letters }
    }

    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap().clone()
    }
}

fn talk(mut stream: &TcpStream, kept: &Mutex<Vec<Letter>>) -> std::io::Result<()> {
    let mut letter = Letter::default();
    stream.write_all(b"220 sink\r\n")?;
    let mut inside = false;
    for line in BufReader::new(stream).lines() {
        let line = line?;
        let answer: &[u8] = match (inside, line.as_str()) {
            (true, ".") => {
                inside = false;
                kept.lock().unwrap().push(core::mem::take(&mut letter));
                b"250 taken\r\n"
            }
            (true, _) => {
                letter.lines.push(line);
                continue;
            }
            (false, "DATA") => {
                inside = true;
                b"354 go on\r\n"
            }
            (false, "QUIT") => return stream.write_all(b"221 bye\r\n"),
            (false, _) => {
                letter.commands.push(line);
                b"250 fine\r\n"
            }
        };
        stream.write_all(answer)?;
    }
    Ok(())
}
