use core::net::SocketAddr;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::*;

#[tokio::test]
async fn letters_are_delivered_in_order_to_everybody_and_dots_are_doubled() {
    let (at, mut heard) = server(Manner::Good).await;
    let mut mailer = mailer(at, 5);
    mailer.send("VRRP Instance VI_1 - Entering MASTER state", ".");
    mailer.send("VRRP Instance VI_1 - Entering BACKUP state", "no more");
    let first = next(&mut heard).await;
    assert!(first.contains("EHLO lb1"), "{first}");
    assert!(first.contains("MAIL FROM:<keepalived@lb1>"), "{first}");
    assert!(first.contains("RCPT TO:<a@example.net>\nRCPT TO:<root@lb1>"), "{first}");
    assert!(first.contains("Subject: [LB1] VRRP Instance VI_1 - Entering MASTER state"), "{first}");
    assert!(first.contains("\n=> . <=\n"), "{first}");
    assert!(next(&mut heard).await.contains("Entering BACKUP state"));
    mailer.stop().await;
    assert_eq!(mailer.status(), Status { sent: 2, ..Status::default() });
}

#[tokio::test]
async fn a_server_that_is_away_for_a_while_gets_the_letter_later() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    drop(listener);
    let mailer = mailer(at, 5);
    mailer.send("s", "t");
    until(|| mailer.status().last_error.is_some()).await;
    assert_eq!(mailer.status().waiting, 1);
    let (_, mut heard) = serve(TcpListener::bind(at).await.unwrap(), Manner::Good);
    assert!(next(&mut heard).await.contains("=> t <="));
    until(|| mailer.status().sent == 1).await;
}

#[tokio::test]
async fn a_server_that_refuses_is_told_of_with_its_own_words() {
    let (at, _heard) = server(Manner::Refuses).await;
    let mailer = mailer(at, 5);
    mailer.send("s", "t");
    until(|| mailer.status().last_error.is_some()).await;
    let error = mailer.status().last_error.unwrap();
    assert!(error.contains("no relaying here"), "{error}");
    // For good: there is no second try.
    assert_eq!((mailer.status().waiting, mailer.status().lost), (0, 1));
}

#[tokio::test]
async fn a_server_that_puts_off_is_tried_again() {
    let (at, _heard) = server(Manner::PutsOff).await;
    let mailer = mailer(at, 5);
    mailer.send("s", "t");
    until(|| mailer.status().last_error.is_some()).await;
    assert_eq!((mailer.status().waiting, mailer.status().lost), (1, 0));
}

#[test]
fn what_is_refused_for_good_is_told_of_once_and_counted() {
    let shared = Shared::default();
    let refusal = || Err(Failure { why: "550 no".to_owned(), permanent: true });
    let told = |outcome: Result<(), Failure>, mut tries: u32| {
        shared.lock().letters.push_back(vec![1]);
        let before = shared.lock().complained;
        let pause = shared.account(&[1], outcome, &mut tries, "mail:25");
        (pause, tries, shared.lock().letters.len(), before)
    };
    let pause = Some(Duration::from_secs(1));
    assert_eq!(told(refusal(), 1), (pause, 0, 0, false));
    assert_eq!(told(refusal(), 1), (pause, 0, 0, true));
    assert_eq!(shared.lock().status.lost, 2);
    // It is told of again where letters were taken meanwhile.
    assert_eq!(told(Ok(()), 1), (None, 0, 0, true));
    assert_eq!(told(refusal(), 1), (pause, 0, 0, false));
}

#[tokio::test]
async fn while_the_server_hangs_so_many_letters_wait_and_the_oldest_are_dropped_and_counted() {
    let (at, _heard) = server(Manner::Hangs).await;
    let mut mailer = mailer(at, 60);
    for number in 0..CAPACITY + 10 {
        mailer.send("s", &number.to_string());
    }
    assert_eq!(mailer.status(), Status { waiting: CAPACITY, lost: 10, ..Status::default() });
    let began = crate::clock::now();
    mailer.stop().await;
    assert!(
        crate::clock::now().saturating_sub(began) < 2 * Mailer::TIME_AT_STOP,
        "the end waits for no mail server"
    );
}

#[tokio::test]
async fn what_hangs_is_given_up_after_twice_its_time() {
    let (at, _heard) = server(Manner::Hangs).await;
    let mailer = mailer(at, 1);
    mailer.send("s", "t");
    until(|| mailer.status().last_error.is_some()).await;
}

#[tokio::test]
async fn without_starttls_nothing_is_sent_where_it_is_demanded() {
    let (at, _heard) = server(Manner::Good).await;
    let mut mailer = Mailer::default();
    mailer.apply(&Mail { security: crate::config::model::MailSecurity::StartTls, ..mail(at, 5) }, "LB1");
    mailer.send("s", "t");
    until(|| mailer.status().last_error.is_some()).await;
    assert_eq!(mailer.status().sent, 0);
}

/// How a server behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Good,
    Refuses,
    PutsOff,
    Hangs,
}

async fn server(manner: Manner) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    serve(TcpListener::bind("127.0.0.1:0").await.unwrap(), manner)
}

/// Gives what was said to it, a letter each.
fn serve(listener: TcpListener, manner: Manner) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let at = listener.local_addr().unwrap();
    let (tell, heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, manner, tell.clone()));
        }
    });
    (at, heard)
}

async fn talk(stream: TcpStream, manner: Manner, tell: mpsc::UnboundedSender<String>) {
    let mut stream = BufReader::new(stream);
    if manner == Manner::Hangs {
        core::future::pending::<()>().await;
    }
    stream.write_all(b"220 test ESMTP\r\n").await.unwrap();
    let mut said = String::new();
    let mut in_data = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        said.push_str(line.trim_end_matches("\r\n"));
        said.push('\n');
        let answer = match (in_data, line.trim_end()) {
            (true, ".") => {
                in_data = false;
                let _ = tell.send(core::mem::take(&mut said));
                "250 taken\r\n"
            }
            (true, _) => continue,
            (false, "DATA") => {
                in_data = true;
                "354 go on\r\n"
            }
            (false, command) if command.starts_with("RCPT") && manner == Manner::Refuses => {
                "550 no relaying here\r\n"
            }
            (false, command) if command.starts_with("RCPT") && manner == Manner::PutsOff => "450 later\r\n",
            (false, _) => "250 fine\r\n",
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn mail(at: SocketAddr, seconds: u64) -> Mail {
    Mail {
        recipients: vec!["a@example.net".to_owned(), "root".to_owned()],
        sender: "keepalived@lb1".to_owned(),
        server: Some((at.ip().to_string(), at.port())),
        greeting: "lb1".to_owned(),
        timeout: Duration::from_secs(seconds),
        ..Mail::default()
    }
}

fn mailer(at: SocketAddr, seconds: u64) -> Mailer {
    let mut mailer = Mailer::default();
    mailer.apply(&mail(at, seconds), "LB1");
    mailer
}

async fn next(heard: &mut mpsc::UnboundedReceiver<String>) -> String {
    timeout(Duration::from_secs(8), heard.recv()).await.expect("no letter in time").unwrap()
}

async fn until(condition: impl Fn() -> bool) {
    for _ in 0..1_600 {
        if condition() {
            return;
        }
        sleep(Duration::from_millis(5)).await;
    }
    panic!("it does not come");
}
