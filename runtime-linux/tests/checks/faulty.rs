//! Servers that fail in ways in which no real one can be made to.

use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;

use runtime_linux::lab::Node;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};
use socket2::SockRef;

use crate::certificate::Authority;
use crate::scene::pause;

/// Starts them all; they end with the tests.
pub(crate) fn start(node: &Node, authority: &Authority) {
    for (port, serve) in STREAMS {
        listen(node, port, serve);
    }
    for (port, answer) in DATAGRAMS {
        let socket = node.run(|| UdpSocket::bind(("198.18.0.2", port))).unwrap().unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 2048];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                if let Some(answer) = answer(&buffer[..length]) {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
    }
    let secured = secured(authority);
    listen(node, 8023, move |stream| {
        let mut stream = rustls::StreamOwned::new(ServerConnection::new(secured.clone()).unwrap(), stream);
        request(&mut stream)?;
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nthat was not all")?;
        stream.flush()?;
        // The connection ends, TLS does not.
        stream.sock.shutdown(Shutdown::Write)
    });
}

fn listen(node: &Node, port: u16, serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) {
    let listener = node.run(|| TcpListener::bind(("198.18.0.2", port))).unwrap().unwrap();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            // A check that has seen enough is gone before all was said.
            std::thread::spawn(move || serve(stream));
        }
    });
}

type Serve = fn(TcpStream) -> io::Result<()>;

const STREAMS: [(u16, Serve); 20] = [
    (8001, |stream| web(stream, b"HTTP/1.1 200 OK\r\nContent-Le")),
    (8002, |mut stream| {
        request(&mut stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        endless(&mut stream, &[b'x'; 1 << 16])
    }),
    (8003, |mut stream| {
        request(&mut stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        endless(&mut stream, b"X-Padding: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n")
    }),
    (8004, |mut stream| {
        request(&mut stream)?;
        dribble(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    }),
    (8005, |mut stream| {
        request(&mut stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")?;
        dribble(&mut stream, &[b'x'; 1000])
    }),
    (8006, |mut stream| {
        request(&mut stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf of it and then a")?;
        reset(&stream)
    }),
    (8007, |mut stream| {
        request(&mut stream)?;
        silence(&mut stream)
    }),
    (8008, |mut stream| {
        stream.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")?;
        silence(&mut stream)
    }),
    (8009, |stream| web(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf of it")),
    (8010, |stream| {
        web(stream, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello world\r\n0\r\n\r\n")
    }),
    (8011, |stream| {
        let answer = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
            6;name=\"value\"\r\nhello \r\n5\r\nworld\r\n0\r\nX-Trailer: yes\r\n\r\n";
        web(stream, answer)
    }),
    (8012, |mut stream| {
        request(&mut stream)?;
        reset(&stream)
    }),
    (8021, |mut stream| silence(&mut stream)),
    (8022, |mut stream| {
        // A whole ClientHello, so that the end of the connection is no reset.
        let _ = stream.read(&mut [0; 4096])?;
        stream.shutdown(Shutdown::Write)
    }),
    (8031, |mut stream| silence(&mut stream)),
    (8032, |mut stream| dribble(&mut stream, b"220-mail.example says a word at a time\r\n220 done\r\n")),
    (8033, |mut stream| {
        stream.write_all(b"220 mail.example\r\n")?;
        let _ = stream.read(&mut [0; 4096])?;
        stream.shutdown(Shutdown::Write)
    }),
    // The other half of an answer that was cut: half of it again.
    (8044, |mut stream| {
        let mut question = [0; 512];
        let length = stream.read(&mut question)?;
        stream.write_all(&[0, 200])?;
        stream.write_all(&question[2..length])?;
        stream.shutdown(Shutdown::Write)
    }),
    // Answers somebody else.
    (8047, |mut stream| {
        let mut question = [0; 512];
        let length = stream.read(&mut question)?;
        (question[2], question[4]) = (question[2] ^ 1, 0x81);
        stream.write_all(&question[..length])
    }),
    (8050, |stream| stream.shutdown(Shutdown::Both)),
];

type Answer = fn(&[u8]) -> Option<Vec<u8>>;

const DATAGRAMS: [(u16, Answer); 8] = [
    // Wrong identifier.
    (8040, |question| reply(question, |answer| answer[0] ^= 0xff)),
    // Its error comes without the question.
    (8041, |question| Some([&question[..2], b"\x81\x82\0\0\0\0\0\0\0\0"].concat())),
    (8042, |_| None),
    // Cut; over TCP nobody listens on this port, half an answer comes on the next, and another's on the last.
    (8043, |question| reply(question, |answer| answer[2] |= 2)),
    (8044, |question| reply(question, |answer| answer[2] |= 2)),
    (8047, |question| reply(question, |answer| answer[2] |= 2)),
    // Promises a record that is not there.
    (8045, |question| reply(question, |answer| answer[7] = 1)),
    (8046, |datagram| Some(datagram.to_vec())),
];

/// The question sent back as an answer, with a change.
fn reply(question: &[u8], change: fn(&mut [u8])) -> Option<Vec<u8>> {
    let mut answer = question.to_vec();
    *answer.get_mut(2)? = 0x81;
    change(answer.get_mut(..12)?);
    Some(answer)
}

fn web(mut stream: TcpStream, answer: &[u8]) -> io::Result<()> {
    request(&mut stream)?;
    stream.write_all(answer)?;
    stream.shutdown(Shutdown::Write)
}

/// Hears a request out.
fn request(stream: &mut impl Read) -> io::Result<()> {
    let mut heard = Vec::new();
    let mut piece = [0; 1024];
    while !heard.ends_with(b"\r\n\r\n") {
        match stream.read(&mut piece)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length => heard.extend_from_slice(&piece[..length]),
        }
    }
    Ok(())
}

fn endless(stream: &mut TcpStream, piece: &[u8]) -> io::Result<()> {
    loop {
        stream.write_all(piece)?;
    }
}

/// A byte a second.
fn dribble(stream: &mut TcpStream, text: &[u8]) -> io::Result<()> {
    for byte in text {
        stream.write_all(&[*byte])?;
        pause(Duration::from_secs(1));
    }
    Ok(())
}

fn reset(stream: &TcpStream) -> io::Result<()> {
    // Or the reset would overtake what was said.
    pause(Duration::from_millis(100));
    SockRef::from(stream).set_linger(Some(Duration::ZERO))
}

/// Until the other side goes.
fn silence(stream: &mut TcpStream) -> io::Result<()> {
    while stream.read(&mut [0; 1024])? > 0 {}
    Ok(())
}

fn secured(authority: &Authority) -> Arc<ServerConfig> {
    let pair = authority.sign("www.example", 2001, 2100);
    let chain = vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    Arc::new(config)
}
