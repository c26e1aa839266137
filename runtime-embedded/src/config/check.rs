//! What the compiler asserts of a configuration.

use core::net::IpAddr;

use vrrp_core::Version;

use super::{Instance, Port};

/// Panics, with a sentence for whoever wrote the configuration, if something makes no sense.
pub(super) const fn all(ports: &[Port], instances: &[Instance]) {
    assert!(!ports.is_empty(), "a router needs a port");
    let mut index = 0;
    while index < ports.len() {
        port(&ports[index]);
        index += 1;
    }
    let mut index = 0;
    while index < instances.len() {
        instance(&instances[index], ports);
        let mut other = 0;
        while other < index {
            pair(&instances[other], &instances[index]);
            other += 1;
        }
        index += 1;
    }
    let mut index = 0;
    while index < ports.len() {
        room(index, &ports[index], instances);
        index += 1;
    }
}

const fn port(port: &Port) {
    if let Some((address, prefix)) = port.ipv4 {
        assert!(is_unicast(IpAddr::V4(address)), "the IPv4 address of a port must be a unicast address");
        assert!(prefix >= 1 && prefix <= 32, "an IPv4 prefix has 1 to 32 bits");
    }
    if let Some((address, prefix)) = port.ipv6 {
        assert!(is_unicast(IpAddr::V6(address)), "the IPv6 address of a port must be a unicast address");
        assert!(!address.is_unicast_link_local(), "the link-local address of a port comes from its MAC");
        assert!(prefix >= 1 && prefix <= 128, "an IPv6 prefix has 1 to 128 bits");
    }
    assert!(
        port.gateway_v4.is_none() || port.ipv4.is_some(),
        "a port with an IPv4 gateway needs an IPv4 address"
    );
}

const fn instance(instance: &Instance, ports: &[Port]) {
    assert!(instance.port < ports.len(), "a virtual router is on a port that does not exist");
    assert!(instance.vrid != 0, "a virtual router identifier is 1 to 255");
    assert!(instance.priority != 0, "a priority is 1 to 255");
    let port = &ports[instance.port];
    let is_ipv6 = matches!(instance.addresses, [IpAddr::V6(_), ..]);
    match instance.version {
        Version::V2 => {
            assert!(!is_ipv6, "VRRP version 2 knows IPv4 only");
            assert!(
                instance.centiseconds >= 100
                    && instance.centiseconds <= 25_500
                    && instance.centiseconds.is_multiple_of(100),
                "the interval of VRRP version 2 is 1 to 255 whole seconds"
            );
        }
        Version::V3 => {
            assert!(
                instance.centiseconds >= 1 && instance.centiseconds <= 4095,
                "the interval of VRRP version 3 is 1 to 4095 hundredths of a second"
            );
            assert!(instance.password.is_none(), "VRRP version 3 has no password");
        }
    }
    assert!(is_ipv6 || port.ipv4.is_some(), "a virtual router over IPv4 needs a port with an IPv4 address");
    assert!(!instance.addresses.is_empty(), "a virtual router needs at least one address");
    assert!(
        instance.addresses.len() <= if is_ipv6 { 90 } else { 255 },
        "an advert carries at most 255 IPv4 or 90 IPv6 addresses"
    );
    if let [IpAddr::V6(first), ..] = instance.addresses {
        assert!(first.is_unicast_link_local(), "the first IPv6 address must be link-local (RFC 9568 §5.2.9)");
    }
    let mut owned = 0;
    let mut index = 0;
    while index < instance.addresses.len() {
        let address = instance.addresses[index];
        assert!(
            matches!(address, IpAddr::V6(_)) == is_ipv6,
            "all addresses of a virtual router are of one family"
        );
        assert!(is_unicast(address), "a virtual address must be a unicast address");
        if is_own(port, address) {
            owned += 1;
        }
        index += 1;
    }
    assert!(
        owned == 0 || instance.priority == 255,
        "a virtual router whose address is the port's own has priority 255"
    );
    assert!(
        instance.priority != 255 || is_ipv6 || owned == instance.addresses.len(),
        "priority 255 is for the owner of the addresses: the port's own"
    );
    let mut index = 0;
    while index < instance.tracks.len() {
        let track = instance.tracks[index];
        assert!(track.port < ports.len(), "a virtual router tracks a port that does not exist");
        assert!(track.weight >= -253 && track.weight <= 253, "a weight is -253 to 253");
        index += 1;
    }
}

/// What two virtual routers of one device may not have in common.
const fn pair(one: &Instance, other: &Instance) {
    if one.port == other.port {
        let same_family =
            matches!(one.addresses, [IpAddr::V6(_), ..]) == matches!(other.addresses, [IpAddr::V6(_), ..]);
        assert!(
            one.vrid != other.vrid || !same_family,
            "two virtual routers of one family on one port have the same identifier"
        );
        let mut index = 0;
        while index < one.addresses.len() {
            assert!(
                !contains(other.addresses, one.addresses[index]),
                "two virtual routers on one port have the same address"
            );
            index += 1;
        }
    }
    if let (Some(group), Some(others)) = (one.group, other.group)
        && is_same_text(group, others)
    {
        assert!(
            (one.priority == 255) == (other.priority == 255),
            "an owner in a sync group needs all others to be owners too"
        );
    }
}

/// The host's stack must be able to hold its own addresses and those that it answers at.
const fn room(number: usize, port: &Port, instances: &[Instance]) {
    let mut needed = 1 + port.ipv4.is_some() as usize + port.ipv6.is_some() as usize;
    let mut index = 0;
    while index < instances.len() {
        let instance = &instances[index];
        if instance.port == number && instance.accept {
            needed += instance.addresses.len();
        }
        index += 1;
    }
    assert!(
        needed <= smoltcp::config::IFACE_MAX_ADDR_COUNT,
        "more addresses to answer at on one port than smoltcp was built for (its features iface-max-addr-count-N)"
    );
}

const fn is_own(port: &Port, address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => match port.ipv4 {
            Some((own, _)) => own.to_bits() == address.to_bits(),
            None => false,
        },
        IpAddr::V6(address) => match port.ipv6 {
            Some((own, _)) => own.to_bits() == address.to_bits(),
            None => false,
        },
    }
}

const fn contains(addresses: &[IpAddr], address: IpAddr) -> bool {
    let mut index = 0;
    while index < addresses.len() {
        let same = match (addresses[index], address) {
            (IpAddr::V4(one), IpAddr::V4(other)) => one.to_bits() == other.to_bits(),
            (IpAddr::V6(one), IpAddr::V6(other)) => one.to_bits() == other.to_bits(),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        };
        if same {
            return true;
        }
        index += 1;
    }
    false
}

const fn is_unicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            !address.is_unspecified() && !address.is_broadcast() && !address.is_multicast()
        }
        IpAddr::V6(address) => !address.is_unspecified() && !address.is_multicast(),
    }
}

/// Whether both say the same.
pub(super) const fn is_same_text(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}
