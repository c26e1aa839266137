//! Exim, with a port for each way to refuse.

use core::time::Duration;
use std::net::TcpStream;
use std::process::Command;

use runtime_linux::clock;
use runtime_linux::lab::{Node, Process};

use crate::scene::{PATIENCE, pause, settle};

/// Starts it; the certificate of `www` must be there.
pub(crate) fn start(node: &Node) -> Process {
    node.install("/run/mail/exim.conf", CONFIGURATION.as_bytes(), 0o644).unwrap();
    let mut prepare = Command::new("sh");
    // Whoever receives mail is not root.
    prepare.args([
        "-ec",
        "mkdir -p /run/mail/spool; cp /run/tls/www.key /run/mail/key; \
        chown -R Debian-exim: /run/mail/spool /run/mail/key",
    ]);
    settle(&node.spawn(prepare).unwrap());
    let mut command = Command::new("/usr/sbin/exim4");
    command.args(["-C", "/run/mail/exim.conf", "-bdf", "-oP", "/run/mail/exim.pid"]);
    let process = node.spawn(command).unwrap();
    // It says nothing when it has begun.
    let end = clock::now() + PATIENCE;
    while node.run(|| TcpStream::connect("198.18.0.2:25")).unwrap().is_err() {
        assert!(clock::now() < end, "exim: {:?}", process.log());
        pause(Duration::from_millis(20));
    }
    process
}

/// 25 is well; 2501 refuses connections for good, 2502 for now, 2503 our name, 2504 TLS, and 2505 has none.
const CONFIGURATION: &str = r"
primary_hostname = mail.example
spool_directory = /run/mail/spool
log_file_path = /run/mail/spool/log-%s
daemon_smtp_ports = 25 : 2501 : 2502 : 2503 : 2504 : 2505
local_interfaces = 0.0.0.0
tls_advertise_hosts = ${if eq{$received_port}{2505}{}{*}}
tls_certificate = /run/tls/www.pem
tls_privatekey = /run/mail/key
acl_smtp_connect = greet
acl_smtp_helo = hello
acl_smtp_starttls = secure
queue_only
begin acl
greet:
  deny   condition = ${if eq{$received_port}{2501}}
         message = no service here
  defer  condition = ${if eq{$received_port}{2502}}
         message = too busy
  accept
hello:
  deny   condition = ${if eq{$received_port}{2503}}
         message = who are you
  accept
secure:
  defer  condition = ${if eq{$received_port}{2504}}
         message = no TLS today
  accept
begin routers
begin transports
begin retry
";
