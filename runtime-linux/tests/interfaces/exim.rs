//! Mail with an account under TLS, to a server that people use: Debian's Exim.

use core::time::Duration;
use std::net::TcpStream;
use std::process::Command;

use rcgen::{CertificateParams, KeyPair};
use runtime_linux::lab::{self, Daemon, Node, Process};

use crate::host::{PATIENCE, configuration, pause, wait};

#[test]
#[ignore = "needs exim4 and root"]
fn exim_takes_letters_after_starttls_from_who_has_an_account_and_from_nobody_else() {
    lab::test(|| {
        let node = Node::new("host").unwrap();
        let switch = lab::Switch::new("lan").unwrap();
        node.link_to(&switch, "eth0", &["198.18.0.1/24"]).unwrap();
        let _exim = exim(&node);
        let cases = [
            ("smtp_tls starttls\nsmtp_username lb\nsmtp_password secret", None),
            ("smtp_tls starttls\nsmtp_username lb\nsmtp_password guessed", Some("permanent error (535)")),
            ("smtp_tls starttls", Some("permanent error (550): who are you")),
            ("smtp_tls off", Some("permanent error (550): who are you")),
        ];
        for (words, refusal) in cases {
            let global = format!(
                "notification_email {{\n root@mail.example\n other@mail.example\n}}\nnotification_email_from lb@example.net\n\
                 smtp_server 127.0.0.1 25\nsmtp_helo_name lb1\nsmtp_alert\nrouter_id lb1\nsmtp_tls_ca /run/mail/cert\n{words}"
            );
            let text = configuration(&global, "198.18.0.100");
            let daemon = Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into());
            let process = daemon.start(&node, text.as_bytes(), false).unwrap();
            match refusal {
                None => wait(
                    || format!("{:?} {}", process.log(), mailbox(&node)),
                    || mailbox(&node).contains("Subject: [lb1] VRRP Instance a - Entering MASTER state"),
                ),
                Some(words) => {
                    process
                        .wait_for(words, PATIENCE)
                        .unwrap_or_else(|| panic!("{words}: {:?}", process.log()));
                }
            }
            process.stop(PATIENCE).unwrap().expect("it stops");
        }
        let mailbox = mailbox(&node);
        // To both, once each; from the account; under TLS; and nothing of the others.
        let masters = mailbox.matches("Subject: [lb1] VRRP Instance a - Entering MASTER state").count();
        assert_eq!(masters, 1, "{mailbox}");
        assert!(mailbox.contains("\nTo: root@mail.example,\n other@mail.example\n"), "{mailbox}");
        assert!(mailbox.contains("\nFrom: lb@example.net\n"), "{mailbox}");
        assert!(mailbox.contains("helo=lb1 account=lb tls=TLS"), "{mailbox}");
    });
}

fn mailbox(node: &Node) -> String {
    String::from_utf8(node.read("/run/mail/spool/box").unwrap_or_default()).unwrap()
}

fn exim(node: &Node) -> Process {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.subject_alt_names.push(rcgen::SanType::IpAddress([127, 0, 0, 1].into()));
    let certificate = params.self_signed(&key).unwrap();
    node.install("/run/mail/cert", certificate.pem().as_bytes(), 0o644).unwrap();
    node.install("/run/mail/key", key.serialize_pem().as_bytes(), 0o644).unwrap();
    node.install("/run/mail/exim.conf", EXIM.as_bytes(), 0o644).unwrap();
    let mut prepare = Command::new("/bin/sh");
    // Whoever receives mail is not root.
    prepare.args(["-ec", "mkdir -p /run/mail/spool; chown Debian-exim: /run/mail/spool /run/mail/key"]);
    node.spawn(prepare).unwrap().wait(PATIENCE).expect("it is prepared");
    let mut command = Command::new("/usr/sbin/exim4");
    command.args(["-C", "/run/mail/exim.conf", "-bdf", "-oP", "/run/mail/exim.pid"]);
    let process = node.spawn(command).unwrap();
    let reachable = || {
        pause(Duration::from_millis(20));
        node.run(|| TcpStream::connect("127.0.0.1:25")).unwrap().is_ok()
    };
    wait(|| format!("exim: {:?}", process.log()), reachable);
    process
}

/// Takes mail under TLS from the account `lb` only, and puts it in a file with what it knows of the sender.
const EXIM: &str = r"
primary_hostname = mail.example
spool_directory = /run/mail/spool
log_file_path = /run/mail/spool/log-%s
daemon_smtp_ports = 25
local_interfaces = 127.0.0.1
tls_advertise_hosts = *
tls_certificate = /run/mail/cert
tls_privatekey = /run/mail/key
auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}
acl_smtp_rcpt = account
acl_smtp_data = accept
never_users =
begin acl
account:
  accept encrypted = *
         authenticated = *
  deny   message = who are you
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{lb}}{eq{$auth3}{secret}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and{{eq{$auth1}{lb}}{eq{$auth2}{secret}}}}
  server_set_id = $auth1
begin routers
all:
  driver = accept
  transport = file
begin transports
file:
  driver = appendfile
  file = /run/mail/spool/box
  user = Debian-exim
  batch_max = 10
  headers_add = X-Seen: helo=$sender_helo_name account=$authenticated_id tls=$tls_in_cipher
begin retry
";
