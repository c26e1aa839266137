//! Two routers with authentication headers, one of which restarts and forgets the number (F24).

use core::net::IpAddr;
use core::time::Duration;

use vrrp_core::seal::{Header, MAX_LEN, Seal};
use vrrp_core::wire::ah;
use vrrp_core::wire::auth::Authentication;
use vrrp_core::{Action, Actions, Event, Family, Fault, Packet, State};

use crate::scene::{Router, Wish, host, made, priority, v2};

/// One wire, instant and without loss, with two routers on it.
struct Wire {
    now: Duration,
    nodes: [Node; 2],
    /// When the second one became Active last, and when it stopped.
    spell: [Option<Duration>; 2],
    /// What was sent last: by whom, the header and the message.
    sent: Option<(usize, ah::Repr, Vec<u8>)>,
}

struct Node {
    router: Router,
    seal: Seal,
    /// What its wall clock shows at the beginning of time.
    clock: Duration,
}

impl Node {
    fn new(wish: &Wish, clock: u64) -> Self {
        let wish = Wish { authentication: Authentication::Header, ..wish.clone() };
        let seal = Seal::Header(Header::new(*b"s3cretpw"));
        Self { router: made(wish), seal, clock: Duration::from_secs(clock) }
    }
}

impl Wire {
    fn new(nodes: [Node; 2]) -> Self {
        let mut wire = Self { now: Duration::ZERO, nodes, spell: [None; 2], sent: None };
        wire.start(0);
        wire.start(1);
        wire
    }

    fn start(&mut self, number: usize) {
        let host = host(Family::V4, 10 + u8::try_from(number).expect("few"));
        let actions = self.nodes[number].router.handle(self.now, Event::Start { source: host, mac: None });
        self.perform(number, &actions);
    }

    fn restart(&mut self, number: usize, node: Node) {
        self.nodes[number] = node;
        self.start(number);
    }

    fn run(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        let next = |wire: &Self| {
            let due = |number: usize| wire.nodes[number].router.deadline().map(|due| (due, number));
            [due(0), due(1)].into_iter().flatten().min().filter(|(due, _)| *due <= end)
        };
        while let Some((due, number)) = next(self) {
            self.now = due;
            let actions = self.nodes[number].router.handle(due, Event::Tick);
            self.perform(number, &actions);
        }
        self.now = end;
    }

    fn perform(&mut self, number: usize, actions: &Actions) {
        for action in actions {
            if let Action::Transition { from, to, .. } = *action
                && number == 1
                && [from, to].contains(&State::Active)
            {
                self.spell[usize::from(from == State::Active)] = Some(self.now);
            }
            if let Action::Advertise { priority } = *action {
                self.send(number, priority);
            }
        }
    }

    fn send(&mut self, number: usize, priority: u8) {
        let sender = &mut self.nodes[number];
        let (source, group) = (sender.router.source().expect("it is started"), Family::V4.multicast_group());
        let mut buffer = [0; MAX_LEN];
        let stamp = sender.seal.stamp(sender.clock + self.now);
        let advert = sender.router.advert(priority);
        let payload =
            stamp.emit(&advert, source, group, sender.router.checksum(), &mut buffer).expect("there is room");
        let (header, message) =
            ah::Repr::parse(&buffer[..payload.len], payload.identification).expect("it was just made");
        self.sent = Some((number, header, message.to_vec()));
        self.deliver();
    }

    /// Brings what was sent last to the other one.
    fn deliver(&mut self) {
        let Some((number, header, message)) = self.sent.clone() else { return };
        let source = self.nodes[number].router.source().expect("it is started");
        let destination = Family::V4.multicast_group();
        let packet = Packet { source, destination, ttl: 255, link_source: None, message: &message };
        let receiver = &mut self.nodes[1 - number];
        let active = receiver.router.state() == State::Active;
        let wall = receiver.clock + self.now;
        let Ok(packet) = receiver.seal.open(wall, &packet, Some(&header), active) else { return };
        let actions = receiver.router.handle(self.now, Event::Packet(packet));
        if receiver.router.state() == State::Active {
            receiver.seal.outpace();
        }
        self.perform(1 - number, &actions);
    }

    fn states(&self) -> [State; 2] {
        [self.nodes[0].router.state(), self.nodes[1].router.state()]
    }
}

fn high() -> Wish {
    Wish { priority: priority(200), eager: true, ..v2() }
}

fn low() -> Wish {
    Wish { priority: priority(100), ..v2() }
}

const HIGH: [State; 2] = [State::Active, State::Backup];

#[test]
fn a_backup_that_restarts_goes_on_from_the_number_it_hears() {
    // F24, with clocks that know no date.
    let mut wire = Wire::new([Node::new(&high(), 0), Node::new(&low(), 0)]);
    wire.run(1000);
    wire.restart(1, Node::new(&low(), 0));
    wire.run(10);
    assert_eq!(wire.states(), HIGH);
    // It takes over with a number that counts.
    drop(wire.nodes[0].router.handle(wire.now, Event::Stop));
    wire.run(5);
    wire.start(0);
    wire.run(5);
    assert_eq!(wire.states(), HIGH);
}

#[test]
fn an_active_router_that_restarts_too_fast_to_be_missed_is_heard_again_within_two_intervals() {
    // F24: its clock says 1970 once more, so its numbers lie below the Backup's mark.
    let mut wire = Wire::new([Node::new(&high(), 100_000), Node::new(&low(), 0)]);
    wire.run(100);
    wire.restart(0, Node::new(&high(), 0));
    // The Backup hears nothing that counts, and takes over in its down time; the restarted router hears that.
    wire.run(10);
    let [Some(from), Some(to)] = wire.spell else { panic!("the numbers were not below the mark") };
    assert!(
        to.saturating_sub(from) <= Duration::from_secs(2),
        "two intervals, not {:?}",
        to.saturating_sub(from)
    );
    assert_eq!(wire.states(), HIGH);
    wire.run(100);
    assert_eq!((wire.states(), wire.spell), (HIGH, [Some(from), Some(to)]));
}

#[test]
fn with_a_clock_that_is_right_a_restart_is_not_noticed() {
    let today = 1_795_303_431;
    let mut wire = Wire::new([Node::new(&high(), today), Node::new(&low(), today)]);
    wire.run(100);
    wire.restart(0, Node::new(&high(), today));
    for _ in 0..100 {
        wire.run(1);
        assert_eq!(wire.states()[1], State::Backup, "at {:?}", wire.now);
    }
    assert_eq!(wire.states(), HIGH);
}

#[test]
fn two_active_routers_with_one_number_agree() {
    // A healed split: both are Active, speak at the same moments and count alike.
    let mut wire = Wire::new([Node::new(&high(), 0), Node::new(&low(), 0)]);
    for number in 0..2 {
        let node = &mut wire.nodes[number];
        drop(node.router.handle(Duration::ZERO, Event::Stop));
        let start = Event::Start {
            source: IpAddr::from([192, 0, 2, 10 + u8::try_from(number).expect("few")]),
            mac: None,
        };
        drop(node.router.handle(Duration::ZERO, start));
    }
    // Neither hears the other's first advert; both have sent one.
    for node in &mut wire.nodes {
        drop(node.router.handle(Duration::from_secs(4), Event::Tick));
        let _ = node.seal.stamp(Duration::ZERO);
    }
    wire.now = Duration::from_secs(4);
    assert_eq!(wire.states(), [State::Active, State::Active]);
    wire.run(3);
    assert_eq!(wire.states(), HIGH);
}

#[test]
fn a_recording_of_a_dead_active_router_keeps_no_backup_quiet() {
    // F23: the last adverts are sent again and again.
    let mut wire = Wire::new([Node::new(&high(), 0), Node::new(&low(), 0)]);
    wire.run(10);
    drop(wire.nodes[0].router.handle(wire.now, Event::Fault { fault: Fault::LinkDown, present: true }));
    let dead = wire.now;
    while wire.nodes[1].router.state() == State::Backup {
        assert!(wire.now <= dead + Duration::from_secs(4), "it is kept quiet");
        wire.deliver();
        wire.run(1);
    }
}
