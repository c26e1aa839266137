//! `virtual_server`: what a director serves, and how its servers are checked.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use ipvs_core::{Forward, Method, Persistence, Protocol, Tunnel};

use super::fault::fault;
use super::value::{address, centiseconds, number};
use super::words::{Reader, Word};
use super::{Drawer, Span, UNKNOWN, skip, top};
use crate::checks::{Probe, RealServer, VirtualServer};

/// Makes [`Services`](crate::Services) of the `virtual_server` blocks of a keepalived.conf, when the program is compiled. Their numbers
/// of servers and checks stand in the type, as with [`Services::new`](crate::Services::new).
///
/// ```
/// use core::net::Ipv4Addr;
/// use runtime_embedded::{Config, Port, Services, keepalived_conf, keepalived_services};
///
/// const TEXT: &str = "
///     vrrp_instance web {
///         interface lan
///         virtual_router_id 51
///         virtual_ipaddress { 192.0.2.1 }
///     }
///     virtual_server 192.0.2.1 80 {
///         delay_loop 5
///         lb_algo rr
///         lb_kind DR
///         real_server 192.0.2.81 80 {
///             weight 2
///             HTTP_GET {
///                 url { path /health
///                       status_code 200 }
///                 connect_timeout 1
///             }
///         }
///         real_server 192.0.2.82 80 {
///             TCP_CHECK { retry 2 }
///         }
///     }
/// ";
/// // Whoever leaves the last word out is told that nobody serves them.
/// static CONFIG: Config<1, 1> = keepalived_conf!(
///     TEXT,
///     [Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24)],
///     virtual_servers
/// );
/// static SERVICES: Services<1, 2, 2> = keepalived_services!(&CONFIG, TEXT);
/// assert_eq!(SERVICES.list()[0].name(), "192.0.2.1 80");
/// ```
///
/// | block | keywords |
/// |---|---|
/// | `virtual_server ADDRESS PORT` | `protocol` (TCP, UDP), `lb_algo`, `lb_kind` (NAT, DR, TUN) and their other names `lvs_sched`, `lvs_method`, `delay_loop`, `persistence_timeout`, `ops`, `quorum`, `hysteresis`, `sorry_server`, `sorry_server_inhibit`, `real_server` |
/// | `real_server ADDRESS PORT` | `weight`, `inhibit_on_failure`, `TCP_CHECK`, `HTTP_GET`, `PING_CHECK` |
/// | checks | `delay_loop`, `retry`, `delay_before_retry`, `connect_timeout`; `HTTP_GET`: one `url` with `path` and `status_code 200`, `virtualhost` |
///
/// Defaults are keepalived's: `wlc`, NAT, checks each 60 s with 5 s for a connection and one more attempt after 1 s (3 s for HTTP),
/// statuses from 200 to 299. Anything else is a compile error with the line and the word:
///
/// ```compile_fail,E0080
/// # use core::net::{IpAddr, Ipv4Addr};
/// # use runtime_embedded::{Config, Instance, Port, Services, keepalived_services};
/// # static CONFIG: Config<1, 1> = Config::new(
/// #     [Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24)],
/// #     [Instance::v3("web", 0, 51, &[IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))])],
/// # );
/// static SERVICES: Services<1, 1, 0> = keepalived_services!(&CONFIG, "
///     virtual_server 192.0.2.1 80 {
///         real_server 192.0.2.81 80 {
///             MISC_CHECK { misc_path /bin/true }
///         }
///     }
/// ");
/// ```
#[macro_export]
macro_rules! keepalived_services {
    ($config:expr, $text:expr) => {{
        const __KEEPALIVED_TEXT: &str = $text;
        const __KEEPALIVED_SIZE: $crate::keepalived::ServicesSize =
            $crate::keepalived::measure_services(__KEEPALIVED_TEXT);
        const __KEEPALIVED_PARSED: &$crate::keepalived::ParsedServices<
            { __KEEPALIVED_SIZE.services },
            { __KEEPALIVED_SIZE.servers },
            { __KEEPALIVED_SIZE.probes },
        > = &$crate::keepalived::parse_services(__KEEPALIVED_TEXT);
        const __KEEPALIVED_SERVERS: &[$crate::RealServer] = &__KEEPALIVED_PARSED.servers();
        $crate::Services::new($config, __KEEPALIVED_PARSED.services(__KEEPALIVED_SERVERS))
    }};
}

/// How much there is of everything in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServicesSize {
    /// Virtual servers.
    pub services: usize,
    /// Real servers of all of them.
    pub servers: usize,
    /// Checks of all of those.
    pub probes: usize,
}

/// The virtual servers of a file, with room for exactly what is in it.
#[derive(Debug)]
pub struct ParsedServices<const SERVICES: usize, const SERVERS: usize, const PROBES: usize> {
    services: Drawer<(VirtualServer, Span), SERVICES>,
    servers: Drawer<(RealServer, Span), SERVERS>,
    probes: Drawer<Probe, PROBES>,
}

/// Counts the virtual servers of a file and what they have.
///
/// # Panics
///
/// At the first thing that is wrong with them; in a constant that is a compile error.
pub const fn measure_services(text: &'static str) -> ServicesSize {
    let file: ParsedServices<0, 0, 0> = parse_services(text);
    ServicesSize { services: file.services.length, servers: file.servers.length, probes: file.probes.length }
}

/// Reads the virtual servers of a file.
///
/// # Panics
///
/// At the first thing that is wrong with them; in a constant that is a compile error.
pub const fn parse_services<const SERVICES: usize, const SERVERS: usize, const PROBES: usize>(
    text: &'static str,
) -> ParsedServices<SERVICES, SERVERS, PROBES> {
    const NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let mut file = ParsedServices {
        services: Drawer { things: [(VirtualServer::tcp("", NOBODY, 0), Span::NONE); SERVICES], length: 0 },
        servers: Drawer { things: [(RealServer::new("", NOBODY, 0), Span::NONE); SERVERS], length: 0 },
        probes: Drawer { things: [Probe::tcp(); PROBES], length: 0 },
    };
    let mut reader = Reader::new(text);
    while let Some(keyword) = top(&mut reader) {
        if keyword.is("virtual_server") {
            virtual_server(&mut reader, keyword, &mut file);
        } else {
            // keepalived_conf! knows them, or says that it does not.
            skip(&mut reader, keyword);
        }
    }
    file
}

impl<const SERVICES: usize, const SERVERS: usize, const PROBES: usize>
    ParsedServices<SERVICES, SERVERS, PROBES>
{
    /// The real servers of all virtual servers, in the order of the file.
    pub const fn servers(&'static self) -> [RealServer; SERVERS] {
        let mut servers = [RealServer::new("", IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0); SERVERS];
        let mut index = 0;
        while index < SERVERS {
            let (server, probes) = self.servers.things[index];
            servers[index] = server.checks(self.probes.slice(probes));
            index += 1;
        }
        servers
    }

    /// The virtual servers, in the order of the file, with these as their real servers.
    pub const fn services(&self, servers: &'static [RealServer]) -> [VirtualServer; SERVICES] {
        let mut services = [VirtualServer::tcp("", IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0); SERVICES];
        let mut index = 0;
        while index < SERVICES {
            let (service, span) = self.services.things[index];
            services[index] = service.servers(span.of(servers));
            index += 1;
        }
        services
    }
}

const fn virtual_server<const SERVICES: usize, const SERVERS: usize, const PROBES: usize>(
    reader: &mut Reader,
    keyword: Word,
    file: &mut ParsedServices<SERVICES, SERVERS, PROBES>,
) {
    let (address, port, name) = place(reader, keyword);
    reader.open(keyword);
    let delay = delay_loop(*reader, keyword);
    let mut service = VirtualServer::tcp(name, address, port).method(Method::WeightedLeastConnection);
    let (mut quorum, mut hysteresis) = (1, 0);
    let mut span = Span { first: file.servers.length, length: 0 };
    while let Some(word) = reader.inside(keyword) {
        match word.text.as_bytes() {
            b"real_server" => {
                real_server(reader, word, delay, file);
                span.length += 1;
                continue;
            }
            b"protocol" => {
                let value = reader.value(word);
                service.protocol = match value.text.as_bytes() {
                    b"TCP" => Protocol::Tcp,
                    b"UDP" => Protocol::Udp,
                    _ => fault(value, "a protocol here is TCP or UDP"),
                };
            }
            b"lb_algo" | b"lvs_sched" => service = service.method(method(reader.value(word))),
            b"lb_kind" | b"lvs_method" => service = service.forward(forward(reader.value(word))),
            // Found before.
            b"delay_loop" => {
                let _ = reader.value(word);
            }
            b"persistence_timeout" => {
                let what = "a persistence_timeout is 1 to 2678400 seconds";
                let timeout = Duration::from_secs(number(reader.value(word), 1, 2_678_400, what) as u64);
                let granularity = if address.is_ipv4() { 32 } else { 128 };
                service = service.persistence(Persistence { timeout, granularity });
            }
            b"ops" => service = service.one_packet(),
            b"quorum" => quorum = number(reader.value(word), 1, 1_000_000, "a quorum is 1 to 1000000"),
            b"hysteresis" => {
                hysteresis = number(reader.value(word), 0, 1_000_000, "a hysteresis is 0 to 1000000");
            }
            b"sorry_server" => {
                let (address, port, name) = place(reader, word);
                service = service.sorry(RealServer::new(name, address, port));
            }
            b"sorry_server_inhibit" => service = service.sorry_inhibit(),
            _ => fault(word, UNKNOWN),
        }
        reader.end_of_line();
    }
    file.services.put((service.quorum(quorum, hysteresis), span));
}

/// The `delay_loop` of the block that the reader is in; it may stand after the servers.
const fn delay_loop(mut reader: Reader, keyword: Word) -> Duration {
    while let Some(word) = reader.inside(keyword) {
        if word.is("delay_loop") {
            return seconds(reader.value(word));
        }
        while reader.more().is_some() {}
        if reader.opens() {
            skip(&mut reader, word);
        }
    }
    Duration::from_secs(60)
}

const fn real_server<const SERVICES: usize, const SERVERS: usize, const PROBES: usize>(
    reader: &mut Reader,
    keyword: Word,
    delay: Duration,
    file: &mut ParsedServices<SERVICES, SERVERS, PROBES>,
) {
    let (address, port, name) = place(reader, keyword);
    reader.open(keyword);
    let mut server = RealServer::new(name, address, port);
    let mut span = Span { first: file.probes.length, length: 0 };
    while let Some(word) = reader.inside(keyword) {
        let (probe, pause) = match word.text.as_bytes() {
            b"weight" => {
                server = server.weight(number(reader.value(word), 0, 65_535, "a weight is 0 to 65535"));
                reader.end_of_line();
                continue;
            }
            b"inhibit_on_failure" => {
                server = server.inhibit_on_failure();
                reader.end_of_line();
                continue;
            }
            b"TCP_CHECK" => (Probe::tcp(), 1),
            b"HTTP_GET" => (Probe::http("/"), 3),
            b"PING_CHECK" => (Probe::ping(), 1),
            _ => fault(word, UNKNOWN),
        };
        file.probes.put(check(reader, word, probe, delay, Duration::from_secs(pause)));
        span.length += 1;
    }
    file.servers.put((server, span));
}

/// The block of a check.
const fn check(reader: &mut Reader, keyword: Word, probe: Probe, delay: Duration, pause: Duration) -> Probe {
    let is_http = keyword.is("HTTP_GET");
    let (mut every, mut pause) = (delay, pause);
    let (mut retry, mut timeout) = (1, Duration::from_secs(5));
    let (mut request, mut host) = (None, None);
    reader.open(keyword);
    while let Some(word) = reader.inside(keyword) {
        match word.text.as_bytes() {
            b"delay_loop" => every = seconds(reader.value(word)),
            b"retry" => retry = number(reader.value(word), 0, 1_000, "a retry is 0 to 1000"),
            b"delay_before_retry" => pause = seconds(reader.value(word)),
            b"connect_timeout" => timeout = seconds(reader.value(word)),
            b"virtualhost" if is_http => host = Some(reader.value(word).text),
            b"url" if is_http && request.is_none() => {
                request = Some(url(reader, word));
                continue;
            }
            b"url" if is_http => fault(word, "a check asks for one url here"),
            _ => fault(word, UNKNOWN),
        }
        reader.end_of_line();
    }
    let mut probe = match request {
        None if is_http => fault(keyword, "it needs a url"),
        None => probe,
        Some(request) => request,
    };
    if let Some(host) = host {
        probe = probe.host(host);
    }
    probe.every(every).retry(retry, pause).timeout(timeout)
}

const fn url(reader: &mut Reader, keyword: Word) -> Probe {
    let mut path = "/";
    let mut status: &'static [(u16, u16)] = &[];
    reader.open(keyword);
    while let Some(word) = reader.inside(keyword) {
        let value = reader.value(word);
        match word.text.as_bytes() {
            b"path" => path = value.text,
            b"status_code" if value.is("200") => status = &[(200, 200)],
            b"status_code" => {
                fault(value, "the only status_code here is 200; without it 200 to 299 are good")
            }
            _ => fault(word, UNKNOWN),
        }
        reader.end_of_line();
    }
    Probe::http(path).status(status)
}

/// An address and a port, and both as a name.
const fn place(reader: &mut Reader, keyword: Word) -> (IpAddr, u16, &'static str) {
    let first = reader.value(keyword);
    let address = address(first);
    #[expect(clippy::cast_possible_truncation, reason = "it is below 65,536")]
    let port = number(reader.value(keyword), 1, 65_535, "a port is 1 to 65535") as u16;
    (address, port, reader.since(first))
}

const fn seconds(word: Word) -> Duration {
    let time = centiseconds(word, 360_000, "a time here is 0.01 to 3600 seconds, with at most two decimals");
    if time == 0 {
        fault(word, "a time here is more than 0");
    }
    Duration::from_millis(time as u64 * 10)
}

const fn method(word: Word) -> Method {
    match word.text.as_bytes() {
        b"rr" => Method::RoundRobin,
        b"wrr" => Method::WeightedRoundRobin,
        b"lc" => Method::LeastConnection,
        b"wlc" => Method::WeightedLeastConnection,
        b"lblc" => Method::LocalityLeastConnection,
        b"lblcr" => Method::LocalityLeastConnectionReplicated,
        b"dh" => Method::DestinationHashing,
        b"sh" => Method::SourceHashing,
        b"mh" => Method::Maglev,
        b"sed" => Method::ShortestExpectedDelay,
        b"nq" => Method::NeverQueue,
        b"fo" => Method::WeightedFailover,
        b"ovf" => Method::WeightedOverflow,
        b"twos" => Method::TwoRandomChoices,
        _ => fault(word, "no scheduler has this name"),
    }
}

const fn forward(word: Word) -> Forward {
    match word.text.as_bytes() {
        b"NAT" => Forward::Masquerade,
        b"DR" => Forward::Direct,
        b"TUN" => Forward::Tunnel(Tunnel::Ipip),
        _ => fault(word, "it is NAT, DR or TUN"),
    }
}
