//! A wire for boards: every frame of one goes to all others, over unix datagram sockets.

use core::cell::Cell;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// The wire. Its threads end when their board and the hub are gone.
pub(crate) struct Hub {
    directory: PathBuf,
    plugs: Cell<usize>,
    /// Where the boards listen.
    boards: Arc<Mutex<Vec<PathBuf>>>,
    /// What went over the wire.
    frames: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Hub {
    pub(crate) fn new() -> Self {
        let directory = std::env::temp_dir().join(format!("steadfast-hub-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory for sockets");
        Self { directory, plugs: Cell::new(0), boards: Arc::default(), frames: Arc::default() }
    }

    /// QEMU's words for one more plug.
    pub(crate) fn plug(&self) -> String {
        let number = self.plugs.replace(self.plugs.get() + 1);
        let board = self.directory.join(format!("board{number}"));
        let here = self.directory.join(format!("hub{number}"));
        let socket = UnixDatagram::bind(&here).expect("a socket");
        self.boards.lock().expect("no thread panics").push(board.clone());
        let words = format!(
            "dgram,id=n0,local.type=unix,local.path={},remote.type=unix,remote.path={}",
            board.display(),
            here.display()
        );
        let boards = Arc::clone(&self.boards);
        let frames = Arc::clone(&self.frames);
        std::thread::spawn(move || {
            let mut frame = [0; 2048];
            while let Ok(length) = socket.recv(&mut frame) {
                frames.lock().expect("no thread panics").push(frame[..length].to_vec());
                let others = boards.lock().expect("no thread panics").clone();
                for other in others.iter().filter(|other| **other != board) {
                    // One that is gone hears nothing.
                    let _ = socket.send_to(&frame[..length], other);
                }
            }
        });
        words
    }

    /// Sends a frame to all boards.
    pub(crate) fn inject(&self, frame: &[u8]) {
        let socket = UnixDatagram::unbound().expect("a socket");
        for board in self.boards.lock().expect("no thread panics").iter() {
            // One that is gone hears nothing.
            let _ = socket.send_to(frame, board);
        }
    }

    /// Whether a frame like this went over the wire.
    pub(crate) fn saw(&self, is_it: impl Fn(&[u8]) -> bool) -> bool {
        self.frames.lock().expect("no thread panics").iter().any(|frame| is_it(frame))
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
