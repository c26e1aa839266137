//! The embedded router on a TAP device of a Linux host: one more box on the network.
//!
//! ```text
//! ip tuntap add dev tap0 mode tap && ip address add 192.0.2.9/24 dev tap0 && ip link set tap0 up
//! cargo run -p runtime-embedded --example tap -- tap0 192.0.2.2/24 51 150 192.0.2.1
//! ping 192.0.2.1
//! ```

use core::hash::BuildHasher;
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;
use std::collections::hash_map::RandomState;
use std::os::fd::AsRawFd;
use std::time::Instant;

use runtime_embedded::{Config, Instance, Line, Log, Nic, Port, Record, Router};
use smoltcp::iface::SocketSet;
use smoltcp::phy::{self, Medium, TunTapInterface};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(wanted) = Wanted::parse(&arguments) else {
        eprintln!("usage: tap DEVICE ADDRESS/PREFIX VRID PRIORITY VIRTUAL-ADDRESS [v2 PASSWORD]");
        std::process::exit(2);
    };
    let device = match TunTapInterface::new(&wanted.device, Medium::Ethernet) {
        Ok(device) => device,
        Err(error) => {
            eprintln!("tap: cannot open {}: {error}", wanted.device);
            std::process::exit(1);
        }
    };
    if is_down(&wanted.device) {
        eprintln!("tap: {0} is down: ip link set {0} up", wanted.device);
        std::process::exit(1);
    }
    let descriptor = device.as_raw_fd();
    let [.., a, b] = wanted.address.octets();
    let mac = [0x02, 0, 0, 0, a, b];
    // Known while it runs only, so it is checked then: a wrong one panics here with the compiler's words.
    let config: &'static Config<1, 1> = Box::leak(Box::new(wanted.config()));
    let clock = Clock(start_of_time());
    let seed = RandomState::new().hash_one(mac);
    let mut router = Router::new(config, [Nic { device, mac }], seed, clock.now());
    let mut sockets = [SocketSet::new(&mut [][..])];
    router.start(clock.now(), &mut Console);
    loop {
        let now = clock.now();
        if router.poll(now, &mut sockets, &mut Console) {
            continue;
        }
        let wait = router.deadline(now, &sockets).map(|deadline| deadline.saturating_sub(now));
        let wait = wait
            .map(|wait| smoltcp::time::Duration::from_micros(u64::try_from(wait.as_micros()).unwrap_or(0)));
        if let Err(error) = phy::wait(descriptor, wait) {
            eprintln!("tap: {error}");
            std::process::exit(1);
        }
    }
}

/// Whether the kernel says that a link is down: it could not be written to.
fn is_down(device: &str) -> bool {
    let flags = std::fs::read_to_string(format!("/sys/class/net/{device}/flags")).ok();
    let flags = flags.and_then(|text| u32::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok());
    flags.is_some_and(|flags| flags & IFF_UP == 0)
}

/// Set up by somebody (`netdevice(7)`).
const IFF_UP: u32 = 1;

/// What the arguments ask for.
struct Wanted {
    device: String,
    address: Ipv4Addr,
    prefix: u8,
    vrid: u8,
    priority: u8,
    virtual_address: IpAddr,
    password: Option<[u8; 8]>,
}

impl Wanted {
    fn parse(arguments: &[String]) -> Option<Self> {
        let [device, address, vrid, priority, virtual_address, rest @ ..] = arguments else { return None };
        let (address, prefix) = address.split_once('/')?;
        let password = match rest {
            [] => None,
            [version, password] if version == "v2" && password.len() <= 8 => {
                let mut bytes = [0; 8];
                bytes[..password.len()].copy_from_slice(password.as_bytes());
                Some(bytes)
            }
            _ => return None,
        };
        Some(Self {
            device: device.clone(),
            address: address.parse().ok()?,
            prefix: prefix.parse().ok()?,
            vrid: vrid.parse().ok()?,
            priority: priority.parse().ok()?,
            virtual_address: virtual_address.parse().ok()?,
            password,
        })
    }

    fn config(&self) -> Config<1, 1> {
        let addresses: &'static [IpAddr] = Box::leak(Box::new([self.virtual_address]));
        let instance = match self.password {
            None => Instance::v3("tap", 0, self.vrid, addresses).pseudo_header(),
            Some(password) => Instance::v2("tap", 0, self.vrid, addresses).password(password),
        };
        Config::new(
            [Port::new("tap").ipv4(self.address, self.prefix)],
            [instance.priority(self.priority).accept()],
        )
    }
}

/// Time since the program began.
struct Clock(Instant);

impl Clock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
fn start_of_time() -> Instant {
    Instant::now()
}

struct Console;

impl Log for Console {
    fn record(&mut self, now: Duration, record: &Record) {
        println!("{}", Line(now, record));
    }
}
