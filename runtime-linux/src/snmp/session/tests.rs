//! Against a master agent made of a socket.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

use super::super::agent::{Agent, Pace, Question};
use super::super::mib;
use super::super::value::Value;
use super::*;
use crate::config::model::{Snmp, SnmpSocket};

#[tokio::test]
async fn a_session_is_opened_registered_used_and_closed() {
    let mut scene = Scene::new();
    let mut master = scene.accept().await;
    master.begin(7).await;
    // .1.3.6.1.4.1.9586.100.5.1.1.0, in the order of octets of a PC.
    let asked = [
        7, 4, 0, 0, 1, 0, 0, 0, 0x72, 0x25, 0, 0, 100, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0,
        0,
    ];
    master.say(5, 0, 7, &asked).await;
    // Without the end of its range it is nonsense, and told so.
    let (kind, payload) = master.hear().await;
    assert_eq!((kind, &payload[..]), (RESPONSE, &[0, 0, 0, 0, 1, 10, 0, 0][..]));
    master.say(5, 0, 7, &[&asked[..], &[0, 0, 0, 0]].concat()).await;
    let question = timeout(SOON, scene.questions.recv()).await.unwrap().unwrap();
    let name = Oid::from([1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 1, 0]);
    let Heard::Get(ranges) = &question.asked else { panic!("{:?}", question.asked) };
    assert_eq!(ranges[0].start, name);
    let bindings = vec![(name, Bound::Value(Value::Integer(3)))];
    question.reply.send(Answer { fault: None, bindings }).unwrap();
    let (kind, payload) = master.hear().await;
    assert_eq!(
        (kind, &payload[..8], &payload[payload.len() - 4..]),
        (RESPONSE, &[0; 8][..], &[0, 0, 0, 3][..])
    );
    let status = scene.agent.status().unwrap();
    assert_eq!((status.connected, status.answered), (true, 2));

    scene.agent.notify(vec![(Oid::from([1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0]), Value::Integer(1))]);
    scene.agent.notify(vec![(Oid::from([1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0]), Value::Integer(2))]);
    let stopping = scene.agent.stop();
    let master = async {
        let (kind, payload) = master.hear().await;
        assert_eq!((kind, payload.last()), (NOTIFY, Some(&1)));
        master.answer(7, 0).await;
        let (kind, payload) = master.hear().await;
        assert_eq!((kind, payload.last()), (NOTIFY, Some(&2)));
        master.answer(7, 0).await;
        assert_eq!(master.kind().await, CLOSE);
    };
    timeout(SOON, async { tokio::join!(stopping, master) }).await.unwrap();
}

#[tokio::test]
async fn a_master_agent_that_dies_hangs_or_babbles_is_tried_again() {
    let mut scene = Scene::new();
    // It dies.
    let mut master = scene.accept().await;
    assert_eq!(master.kind().await, OPEN);
    drop(master);
    // It hangs.
    let mut master = scene.accept().await;
    assert_eq!(master.kind().await, OPEN);
    let mut next = scene.accept().await;
    let why = scene.agent.status().unwrap().last_error;
    assert_eq!(why.as_deref(), Some("it does not answer"));
    drop(master);
    // It babbles.
    next.stream.write_all(b"HTTP/1.1 400 Bad Request\r\n").await.unwrap();
    let mut master = scene.accept().await;
    let why = scene.agent.status().unwrap().last_error;
    assert_eq!(why.as_deref(), Some("what it says is no AgentX: it has version 72, not 1"));
    // It is well.
    master.begin(2).await;
    // It forgets us.
    assert_eq!(master.kind().await, PING);
    assert!(scene.agent.status().unwrap().connected);
    master.answer(2, 257).await;
    scene.accept().await.begin(3).await;
}

#[tokio::test]
async fn nothing_is_kept_for_a_master_agent_that_is_absent() {
    let (mut agent, _questions) = Agent::with(PACE);
    agent.notify(vec![(Oid::from([1, 3]), Value::Integer(1))]);
    assert_eq!(agent.status(), None);
    let folder = tempfile::tempdir().unwrap();
    let socket = SnmpSocket::Unix(folder.path().join("absent"));
    agent.apply(&Snmp { socket: Some(socket.clone()), ..wanted() });
    for _ in 0..1500 {
        agent.notify(vec![(Oid::from([1, 3]), Value::Integer(1))]);
    }
    sleep(2 * PACE.oldest).await;
    let status = agent.status().unwrap();
    assert_eq!((status.connected, status.traps_lost), (false, 1500 - 1024));
    // Those that have waited for too long are not sent when it comes.
    let SnmpSocket::Unix(path) = &socket else { unreachable!("it is one") };
    let listener = UnixListener::bind(path).unwrap();
    let mut master = Master { stream: listener.accept().await.unwrap().0, packet: [0; 4] };
    master.begin(1).await;
    assert_eq!(master.kind().await, PING);
    agent.apply(&Snmp::default());
    assert_eq!(agent.status(), None);
    assert_eq!(master.stream.read(&mut [0]).await.unwrap(), 0);
}

struct Scene {
    listener: UnixListener,
    agent: Agent,
    questions: mpsc::Receiver<Question>,
    _folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master");
        let listener = UnixListener::bind(&path).unwrap();
        let (mut agent, questions) = Agent::with(PACE);
        agent.apply(&Snmp { socket: Some(SnmpSocket::Unix(path)), ..wanted() });
        Self { listener, agent, questions, _folder: folder }
    }

    async fn accept(&mut self) -> Master {
        let (stream, _) = timeout(SOON, self.listener.accept()).await.unwrap().unwrap();
        Master { stream, packet: [0; 4] }
    }
}

struct Master {
    stream: UnixStream,
    /// Of what was heard last.
    packet: [u8; 4],
}

impl Master {
    /// What comes next: its kind and its payload.
    async fn hear(&mut self) -> (u8, Vec<u8>) {
        let mut header = [0; 20];
        timeout(SOON, self.stream.read_exact(&mut header)).await.unwrap().unwrap();
        let mut payload = vec![0; usize::from(header[18]) << 8 | usize::from(header[19])];
        self.stream.read_exact(&mut payload).await.unwrap();
        self.packet.copy_from_slice(&header[12..16]);
        (header[1], payload)
    }

    async fn kind(&mut self) -> u8 {
        self.hear().await.0
    }

    /// Opens this session and takes what is registered.
    async fn begin(&mut self, session: u8) {
        assert_eq!(self.kind().await, OPEN);
        self.answer(session, 0).await;
        for _ in mib::subtrees(&wanted()) {
            assert_eq!(self.kind().await, REGISTER);
            self.answer(session, 0).await;
        }
    }

    async fn answer(&mut self, session: u8, error: u16) {
        let error = error.to_be_bytes();
        self.say(RESPONSE, 0x10, session, &[0, 0, 0, 0, error[0], error[1], 0, 0]).await;
    }

    /// Says something, in network order where the flags say so.
    async fn say(&mut self, kind: u8, flags: u8, session: u8, payload: &[u8]) {
        let mut numbers = [[0, 0, 0, session], [0; 4], self.packet, [0; 4]];
        numbers[3][3] = u8::try_from(payload.len()).unwrap();
        if flags == 0 {
            for number in &mut numbers {
                number.reverse();
            }
        }
        let message = [&[1, kind, flags, 0][..], numbers.as_flattened(), payload].concat();
        self.stream.write_all(&message).await.unwrap();
    }
}

fn wanted() -> Snmp {
    Snmp { vrrp: true, ..Snmp::default() }
}

/// Faster than usual, but not too fast for a busy machine.
const PACE: Pace = Pace {
    patience: Duration::from_secs(1),
    silence: Duration::from_millis(300),
    oldest: Duration::from_millis(600),
    pauses: [Duration::from_millis(10), Duration::from_millis(150)],
};
const SOON: Duration = Duration::from_secs(10);
const OPEN: u8 = 1;
const CLOSE: u8 = 2;
const REGISTER: u8 = 3;
const NOTIFY: u8 = 12;
const PING: u8 = 13;
const RESPONSE: u8 = 18;
