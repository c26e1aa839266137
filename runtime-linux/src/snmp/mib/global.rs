//! `global`: the daemon as a whole.

use core::net::{IpAddr, Ipv4Addr};

use super::syntax::{number, octets, seconds, truth, unsigned};
use super::tree::{Part, Table, numbered, place};
use crate::config::model::{FlushOnStop, Mail};
use crate::snmp::{State, Value};

/// The objects in the order of the tree.
pub(super) const PARTS: &[Part] = &[
    // version
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 1], |_| {
        Some(Value::text(concat!("steadfast ", env!("CARGO_PKG_VERSION"))))
    }),
    // routerId
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 2], |state| {
        Some(Value::text(&state.configuration.global.router_id))
    }),
    // smtpServerAddressType
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 3, 1], |state| Some(number(server(state).0))),
    // smtpServerAddress
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 3, 2], |state| {
        Some(Value::OctetString(server(state).1))
    }),
    // smtpServerTimeout
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 3, 3], |state| {
        let mail = mail(state);
        Some(mail.server.as_ref().map_or(unsigned(0_u32), |_| seconds(mail.timeout)))
    }),
    // emailFrom
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 3, 4], |state| {
        let mail = mail(state);
        mail.server.as_ref().map(|_| Value::text(&mail.sender))
    }),
    Part::Table(&Recipients),
    // smtpServerPort
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 3, 6], |state| {
        Some(unsigned(mail(state).server.as_ref().map_or(0, |(_, port)| *port)))
    }),
    // smtpEmailFaults
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 3, 7], |state| Some(truth(mail(state).faults))),
    // smtpEmailSmtpAlert, smtpEmailSmtpAlertVrrp, smtpEmailSmtpAlertChecker
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 3, 8], |state| Some(alert(state, 0))),
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 3, 9], |state| Some(alert(state, 1))),
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 3, 10], |state| Some(alert(state, 2))),
    // trapEnable
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 4], |state| {
        Some(truth(state.configuration.global.snmp.traps))
    }),
    // linkBeat: netlink
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 5], |_| Some(number(1))),
    // lvsFlush
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 6], |state| {
        Some(truth(state.configuration.global.lvs.flush))
    }),
    // ipvs64BitStats
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 7], |_| Some(truth(true))),
    // netNamespace
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 8], |state| {
        Some(Value::text(state.configuration.global.namespace.as_deref().unwrap_or_default()))
    }),
    // dbus
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 9], |state| {
        Some(truth(state.configuration.global.dbus.enabled))
    }),
    // dynamicInterfaces: they may always come and go
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 10], |_| Some(truth(true))),
    // lvsFlushOnStop
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 11], |state| {
        Some(truth(state.configuration.global.lvs.flush_on_stop == FlushOnStop::Everything))
    }),
];

/// `emailTable`: to whom mail goes.
struct Recipients;

impl Table for Recipients {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 3, 5, 1];
    const COLUMNS: &'static [u32] = &[2];

    type Row<'r> = &'r str;

    fn is_whole(index: &[u32]) -> bool {
        index.len() == 1
    }

    fn child(state: &State<'_>, _: &[u32], least: u32) -> Option<u32> {
        numbered(1, mail(state).recipients.len(), least)
    }

    fn row<'r>(state: &'r State<'_>, index: &[u32]) -> Option<Self::Row<'r>> {
        let [recipient] = *index else { return None };
        mail(state).recipients.get(place(recipient)?).map(String::as_str)
    }

    fn value(row: &Self::Row<'_>, _: u32) -> Option<Value> {
        // emailAddress
        Some(Value::text(row))
    }
}

fn mail<'r>(state: &'r State<'_>) -> &'r Mail {
    &state.configuration.global.mail
}

/// `InetAddressType` and `InetAddress` of the mail server. Without one they are what keepalived has for it; a name is
/// not looked up before there is mail to send.
fn server(state: &State<'_>) -> (i32, Vec<u8>) {
    let Some((host, _)) = &mail(state).server else { return (2, octets(Ipv4Addr::UNSPECIFIED.into())) };
    match host.parse::<IpAddr>() {
        Ok(address @ IpAddr::V4(_)) => (1, octets(address)),
        Ok(address @ IpAddr::V6(_)) => (2, octets(address)),
        Err(_) => (16, host.clone().into_bytes()),
    }
}

/// on(1), off(2), unset(3).
fn alert(state: &State<'_>, which: usize) -> Value {
    mail(state).alerts[which].map_or(number(3), truth)
}
