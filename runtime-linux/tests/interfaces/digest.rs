//! `genhash` against servers.

use core::net::SocketAddr;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Output};
use std::thread;

/// A server that answers each request with its `Host` line as the page, `count` times.
fn serve(count: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().take(count) {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut part = [0; 1024];
            while !request.ends_with(b"\r\n\r\n") {
                let length = stream.read(&mut part).unwrap();
                request.extend_from_slice(&part[..length]);
            }
            let request = String::from_utf8(request).unwrap();
            let host = request.lines().find_map(|line| line.strip_prefix("Host: ")).unwrap().to_owned();
            write!(stream, "HTTP/1.0 404 Not Found\r\nContent-Length: {}\r\n\r\n{host}", host.len()).unwrap();
        }
    });
    address
}

fn genhash(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_steadfast")).arg("genhash").args(arguments).output().unwrap()
}

#[test]
fn the_digest_is_that_of_the_body_for_the_virtual_host_whatever_the_status() {
    let address = serve(2);
    let port = address.port().to_string();
    let printed = genhash(&["-s", "127.0.0.1", "-p", &port, "-V", "hello"]);
    // MD5 of "hello".
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), "5d41402abc4b2a76b9719d911017c592\n");
    assert_eq!(printed.status.code(), Some(0));
    let loud =
        String::from_utf8(genhash(&["-v", "-s", "127.0.0.1", "-p", &port, "-V", "hello"]).stdout).unwrap();
    assert!(
        loud.starts_with("5 bytes\n5d41402abc4b2a76b9719d911017c592\n\nGlobal response time for [/] = "),
        "{loud}"
    );
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    let printed = genhash(&["-s", "127.0.0.1", "-p", "1"]);
    assert_eq!(printed.status.code(), Some(1));
    assert_eq!(String::from_utf8(printed.stderr).unwrap(), "steadfast: 127.0.0.1:1: connection refused\n");
}

#[test]
#[ignore = "needs keepalived"]
fn the_digest_is_that_of_keepaliveds_genhash() {
    let address = serve(2);
    let port = address.port().to_string();
    let arguments = ["-s", "127.0.0.1", "-p", &port, "-u", "/x", "-V", "www.example"];
    let theirs = Command::new("keepalived").arg("--genhash").args(arguments).output().unwrap();
    assert_eq!(
        String::from_utf8(genhash(&arguments).stdout).unwrap(),
        format!("{}\n", String::from_utf8(theirs.stdout).unwrap().trim())
    );
}
