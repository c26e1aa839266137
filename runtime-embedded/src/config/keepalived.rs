//! A keepalived.conf as the configuration of a device, read by the compiler.

use core::net::{IpAddr, Ipv4Addr};

use vrrp_core::Version;

use super::{Instance, Port, Track};
use fault::fault;
use words::{Reader, Token, Word};

mod fault;
mod instance;
#[cfg(feature = "checks")]
mod services;
mod value;
mod words;

#[cfg(feature = "checks")]
pub use services::{ParsedServices, ServicesSize, measure_services, parse_services};

/// Makes a [`Config`](crate::Config) of the text of a keepalived.conf and the ports of the device, when the program is compiled.
///
/// ```
/// use core::net::Ipv4Addr;
/// use runtime_embedded::{Config, Port, keepalived_conf};
///
/// // In a real one: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/keepalived.conf"))
/// static CONFIG: Config<2, 2> = keepalived_conf!(
///     r#"
///     vrrp_sync_group gateway {
///         group { inside outside }
///     }
///     vrrp_instance inside {
///         interface lan
///         virtual_router_id 51
///         priority 150
///         version 3
///         advert_int 0.1
///         use_vmac
///         virtual_ipaddress { 192.0.2.1/24 }
///         track_interface { wan weight -60 }
///     }
///     vrrp_instance outside {
///         interface wan
///         virtual_router_id 52
///         priority 150
///         authentication {
///             auth_type PASS
///             auth_pass s3cret
///         }
///         virtual_ipaddress { 198.51.100.1/24 }
///     }
///     "#,
///     [
///         Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24),
///         Port::new("wan").ipv4(Ipv4Addr::new(198, 51, 100, 2), 24),
///     ]
/// );
/// assert_eq!(CONFIG.instances()[1].name(), "outside");
/// ```
///
/// `interface` names a port. What a port's own addresses are the device knows, as a host does under keepalived. The settings
/// mean what they mean to keepalived, its defaults too: version 2 without `version` (3 for IPv6 addresses), the interface's own
/// MAC without `use_vmac`, version 3 over IPv4 with the pseudo-header unless `v3_checksum_as_v2`, and the host answers at the
/// addresses unless `no_accept`. `state` changes nothing: who is best is Active. Prefix lengths of addresses change
/// nothing either.
///
/// | block | keywords |
/// |---|---|
/// | `global_defs` | `router_id`, `vrrp_version` |
/// | `vrrp_instance` | `interface`, `virtual_router_id`, `priority`, `advert_int`, `version`, `state`, `preempt`, `nopreempt`, `preempt_delay`, `virtual_ipaddress` (with `dev`), `authentication` (`auth_type PASS`, `auth_pass`), `use_vmac`, `accept`, `no_accept`, `v3_checksum_as_v2`, `track_interface` (with `weight`) |
/// | `vrrp_sync_group` | `group` |
///
/// `virtual_server` is read by [`keepalived_services!`](crate::keepalived_services), and a third argument `virtual_servers` says here that
/// it is.
///
/// Anything else is a compile error with the line and the word,
/// `keepalived.conf, line 7: "advert_intt": this keyword is not known here`:
///
/// ```compile_fail,E0080
/// # use core::net::Ipv4Addr;
/// # use runtime_embedded::{Config, Port, keepalived_conf};
/// static CONFIG: Config<1, 1> = keepalived_conf!(
///     "
///     vrrp_instance gateway {
///         interface lan
///         virtual_router_id 51
///         advert_intt 1
///         virtual_ipaddress { 192.0.2.1 }
///     }
///     ",
///     [Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24)]
/// );
/// ```
///
/// So is a value that makes no sense by itself, and one that makes none beside the others (with the sentence that
/// [`Config::new`](crate::Config::new) has for it):
///
/// ```compile_fail,E0080
/// # use core::net::Ipv4Addr;
/// # use runtime_embedded::{Config, Port, keepalived_conf};
/// static CONFIG: Config<1, 1> = keepalived_conf!(
///     "
///     vrrp_instance gateway {
///         interface lan
///         virtual_router_id 256
///         virtual_ipaddress { 192.0.2.1 }
///     }
///     ",
///     [Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24)]
/// );
/// ```
#[macro_export]
macro_rules! keepalived_conf {
    ($text:expr, [$($port:expr),+ $(,)?]) => {
        $crate::keepalived_conf!(@ $text, [$($port),+], false)
    };
    ($text:expr, [$($port:expr),+ $(,)?], virtual_servers) => {
        $crate::keepalived_conf!(@ $text, [$($port),+], true)
    };
    // Names that no argument has: a constant's name is not the macro's own.
    (@ $text:expr, [$($port:expr),+], $has_services:literal) => {{
        const __KEEPALIVED_TEXT: &str = $text;
        const __KEEPALIVED_PORTS: [$crate::Port; [$(stringify!($port)),+].len()] = [$($port),+];
        const __KEEPALIVED_SIZE: $crate::keepalived::Size =
            $crate::keepalived::measure(__KEEPALIVED_TEXT, &__KEEPALIVED_PORTS, $has_services);
        const __KEEPALIVED_PARSED: &$crate::keepalived::Parsed<
            { __KEEPALIVED_SIZE.routers },
            { __KEEPALIVED_SIZE.addresses },
            { __KEEPALIVED_SIZE.tracks },
        > = &$crate::keepalived::parse(__KEEPALIVED_TEXT, &__KEEPALIVED_PORTS, $has_services);
        $crate::Config::new(__KEEPALIVED_PORTS, __KEEPALIVED_PARSED.instances())
    }};
}

/// How much there is of everything in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Instances.
    pub routers: usize,
    /// Virtual addresses of all of them.
    pub addresses: usize,
    /// Tracked interfaces of all of them.
    pub tracks: usize,
}

/// A file that was read, with room for exactly what is in it.
#[derive(Debug)]
pub struct Parsed<const ROUTERS: usize, const ADDRESSES: usize, const TRACKS: usize> {
    routers: Drawer<Instance, ROUTERS>,
    spans: Drawer<(Span, Span), ROUTERS>,
    addresses: Drawer<IpAddr, ADDRESSES>,
    tracks: Drawer<Track, TRACKS>,
    /// What `vrrp_version` says.
    version: Option<Version>,
}

/// Things in order; those that find no room are only counted.
#[derive(Debug)]
struct Drawer<T, const ROOM: usize> {
    things: [T; ROOM],
    length: usize,
}

/// Which of the things in a drawer are meant.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: usize,
    length: usize,
}

/// Counts what is in a file. `has_services` says that somebody reads its virtual servers.
///
/// # Panics
///
/// At the first thing that is wrong with it; in a constant that is a compile error.
pub const fn measure(text: &'static str, ports: &[Port], has_services: bool) -> Size {
    let parsed: Parsed<0, 0, 0> = parse(text, ports, has_services);
    Size { routers: parsed.routers.length, addresses: parsed.addresses.length, tracks: parsed.tracks.length }
}

/// Reads a file. `has_services` says that somebody reads its virtual servers.
///
/// # Panics
///
/// At the first thing that is wrong with it; in a constant that is a compile error.
pub const fn parse<const ROUTERS: usize, const ADDRESSES: usize, const TRACKS: usize>(
    text: &'static str,
    ports: &[Port],
    has_services: bool,
) -> Parsed<ROUTERS, ADDRESSES, TRACKS> {
    let mut parsed = Parsed {
        routers: Drawer { things: [Instance::v3("", 0, 0, &[]); ROUTERS], length: 0 },
        spans: Drawer { things: [(Span::NONE, Span::NONE); ROUTERS], length: 0 },
        addresses: Drawer { things: [IpAddr::V4(Ipv4Addr::UNSPECIFIED); ADDRESSES], length: 0 },
        tracks: Drawer { things: [Track::port(0); TRACKS], length: 0 },
        version: None,
    };
    let mut reader = Reader::new(text);
    while let Some(keyword) = top(&mut reader) {
        match keyword.text.as_bytes() {
            b"global_defs" => parsed.version = globals(&mut reader, keyword, parsed.version),
            b"vrrp_instance" => instance::read(&mut reader, keyword, ports, &mut parsed),
            b"vrrp_sync_group" => skip(&mut reader, keyword),
            b"virtual_server" if has_services => skip(&mut reader, keyword),
            b"virtual_server" => fault(keyword, "nobody serves it: see keepalived_services!"),
            _ => fault(keyword, UNKNOWN),
        }
    }
    // Groups may stand before their members, so they are read when all of those are known.
    if parsed.routers.length == ROUTERS {
        let mut reader = Reader::new(text);
        while let Some(keyword) = top(&mut reader) {
            if keyword.is("vrrp_sync_group") {
                group(&mut reader, keyword, &mut parsed.routers.things);
            } else {
                skip(&mut reader, keyword);
            }
        }
    }
    parsed
}

impl<const ROUTERS: usize, const ADDRESSES: usize, const TRACKS: usize> Parsed<ROUTERS, ADDRESSES, TRACKS> {
    /// The virtual routers, in the order of the file.
    pub const fn instances(&'static self) -> [Instance; ROUTERS] {
        let mut instances = self.routers.things;
        let mut index = 0;
        while index < ROUTERS {
            let (addresses, tracks) = self.spans.things[index];
            instances[index].addresses = self.addresses.slice(addresses);
            instances[index].tracks = self.tracks.slice(tracks);
            index += 1;
        }
        instances
    }
}

impl<T: Copy, const ROOM: usize> Drawer<T, ROOM> {
    const fn put(&mut self, thing: T) {
        if self.length < ROOM {
            self.things[self.length] = thing;
        }
        self.length += 1;
    }

    const fn slice(&self, span: Span) -> &[T] {
        span.of(&self.things)
    }
}

impl Span {
    /// No things.
    const NONE: Self = Self { first: 0, length: 0 };

    const fn of<T>(self, things: &[T]) -> &[T] {
        let (_, from) = things.split_at(self.first);
        from.split_at(self.length).0
    }
}

/// The next word that is in no block.
const fn top(reader: &mut Reader) -> Option<Word> {
    loop {
        match reader.next() {
            Token::Word(word) => return Some(word),
            Token::Line => {}
            Token::End => return None,
            Token::Open => fault(reader.mark("{"), "there is one too many"),
            Token::Close => fault(reader.mark("}"), "there is one too many"),
        }
    }
}

/// Passes over a block, and its name if it has one.
const fn skip(reader: &mut Reader, keyword: Word) {
    while reader.more().is_some() {}
    reader.open(keyword);
    let mut depth = 1;
    while depth > 0 {
        match reader.next() {
            Token::Open => depth += 1,
            Token::Close => depth -= 1,
            Token::Word(_) | Token::Line => {}
            Token::End => fault(keyword, "its block has no end"),
        }
    }
}

const fn globals(reader: &mut Reader, keyword: Word, before: Option<Version>) -> Option<Version> {
    let mut version = before;
    reader.open(keyword);
    while let Some(word) = reader.inside(keyword) {
        let value = reader.value(word);
        match word.text.as_bytes() {
            // For the mails of a host.
            b"router_id" => {}
            b"vrrp_version" => version = Some(instance::version_of(value)),
            _ => fault(word, UNKNOWN),
        }
        reader.end_of_line();
    }
    version
}

/// `vrrp_sync_group`: names its members.
const fn group(reader: &mut Reader, keyword: Word, instances: &mut [Instance]) {
    let name = reader.value(keyword);
    reader.open(keyword);
    while let Some(word) = reader.inside(keyword) {
        if !word.is("group") {
            fault(word, UNKNOWN);
        }
        reader.open(word);
        while let Some(member) = reader.inside(word) {
            let mut found = false;
            let mut index = 0;
            while index < instances.len() {
                if member.is(instances[index].name) {
                    if instances[index].group.is_some() {
                        fault(member, "this instance is in a group already");
                    }
                    instances[index].group = Some(name.text);
                    found = true;
                }
                index += 1;
            }
            if !found {
                fault(member, "no instance has this name");
            }
        }
    }
}

const UNKNOWN: &str = "this keyword is not known here";

#[cfg(test)]
mod tests;
