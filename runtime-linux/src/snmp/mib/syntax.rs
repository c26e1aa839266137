//! Values in the syntaxes of the MIBs (RFC 2579, RFC 4001, KEEPALIVED-MIB).

use core::net::IpAddr;
use core::time::Duration;

use vrrp_core::Family;

use crate::config::model::Script;
use crate::snmp::Value;

/// `TruthValue`, and every other enumeration where 1 is yes and 2 is no.
pub(super) fn truth(yes: bool) -> Value {
    Value::Integer(if yes { 1 } else { 2 })
}

/// An enumeration, or a small number.
pub(super) fn number(number: impl Into<i32>) -> Value {
    Value::Integer(number.into())
}

/// `Unsigned32`; what is larger is the largest.
pub(super) fn unsigned(number: impl TryInto<u32>) -> Value {
    Value::Gauge32(number.try_into().unwrap_or(u32::MAX))
}

/// Whole seconds.
pub(super) fn seconds(span: Duration) -> Value {
    unsigned(span.as_secs())
}

/// Microseconds.
pub(super) fn microseconds(span: Duration) -> Value {
    unsigned(span.as_micros())
}

/// `InetAddressType`.
pub(super) fn address_type(family: Family) -> Value {
    number(match family {
        Family::V4 => 1,
        Family::V6 => 2,
    })
}

/// `InetAddress`.
pub(super) fn address(address: IpAddr) -> Value {
    Value::OctetString(octets(address))
}

/// Its octets in network order.
pub(super) fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// `InetScopeType` of a scope as the kernel numbers it.
pub(super) fn scope(kernel: u8) -> Value {
    number(match kernel {
        0 => 14,
        200 => 5,
        253 => 2,
        254 => 1,
        _ => 0,
    })
}

/// A command as keepalived writes it: each word in quotation marks.
pub(super) fn command(script: &Script) -> Value {
    let words: Vec<String> = script.words.iter().map(|word| format!("'{word}'")).collect();
    Value::text(words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_numbers_of_the_mibs() {
        assert_eq!([truth(true), truth(false)], [Value::Integer(1), Value::Integer(2)]);
        assert_eq!(unsigned(u64::MAX), Value::Gauge32(u32::MAX));
        assert_eq!(microseconds(Duration::from_millis(3_500)), Value::Gauge32(3_500_000));
        assert_eq!([0, 255, 254, 253, 200, 7].map(scope), [14, 0, 1, 2, 5, 0].map(Value::Integer));
        let script = Script { words: vec!["/bin/true".into(), "a b".into()], user: None };
        assert_eq!(command(&script), Value::text("'/bin/true' 'a b'"));
    }
}
