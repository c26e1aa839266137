//! Where the system bus listens (D-Bus Specification, "Server Addresses").

use core::fmt;
use std::env;

/// A socket that a bus may listen on, as tokio takes it: a path, or a name after a zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address(String);

impl Address {
    /// Of the system bus: where the environment says, or the usual place.
    pub(super) fn system() -> Vec<Self> {
        let said = env::var("DBUS_SYSTEM_BUS_ADDRESS").unwrap_or_default();
        if said.is_empty() { vec![Self(SYSTEM.to_owned())] } else { Self::read(&said) }
    }

    /// The sockets of a list `unix:path=PATH;unix:abstract=NAME`; what is no socket of this machine is left out.
    fn read(list: &str) -> Vec<Self> {
        let addresses = list.split(';').filter_map(|address| address.strip_prefix("unix:"));
        let pairs = addresses.filter_map(|address| {
            address
                .split(',')
                .find_map(|pair| pair.split_once('=').filter(|(key, _)| matches!(*key, "path" | "abstract")))
        });
        pairs
            .filter_map(|(key, value)| {
                let value = unescape(value)?;
                Some(Self(if key == "abstract" { format!("\0{value}") } else { value }))
            })
            .collect()
    }

    /// A socket at this path.
    #[cfg(test)]
    pub(super) fn at(path: &std::path::Path) -> Self {
        Self(path.to_str().expect("a test names its folder in UTF-8").to_owned())
    }

    /// The path, or a zero and the name.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.strip_prefix('\0') {
            Some(name) => write!(f, "@{name}"),
            None => f.write_str(&self.0),
        }
    }
}

/// `%2f` and the like are bytes.
fn unescape(value: &str) -> Option<String> {
    let mut parts = value.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend(part.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

/// Where it is on every system.
const SYSTEM: &str = "/run/dbus/system_bus_socket";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_taken_from_a_list_and_the_rest_is_left_out() {
        let read = |list| Address::read(list).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(read("unix:path=/run/bus"), ["/run/bus"]);
        assert_eq!(read("tcp:host=x;unix:guid=1,path=/a%20b;unix:abstract=/x,guid=2"), ["/a b", "@/x"]);
        assert_eq!(read("unix:path=%zz;unix:tmpdir=/tmp;autolaunch:"), [""; 0]);
        assert_eq!(Address::read("unix:abstract=x")[0].as_str(), "\0x");
    }
}
