//! What a call is answered with. Errors have the names that keepalived's clients know.
//!
//! Properties can be read only (keepalived's could be set by every user once: CVE-2021-44225). Who may call what is the
//! bus's to decide, by its policy.

use super::introspection;
use super::objects::{Object, Objects, Router};
use super::wire::{Message, Writer};

/// What is to become of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is answered with these values.
    Values(&'static str, Vec<u8>),
    /// It is refused.
    Refusal(Refusal, String),
    /// The daemon has to do something first.
    After(Request),
}

/// What a call asks of the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// `PrintData`: the state goes to its file.
    PrintData,
    /// `PrintStats`: the counters go to theirs.
    PrintStatistics,
    /// `PrintStatsClear`: the same, and they begin at zero again.
    PrintStatisticsThenZero,
    /// `ReloadConfig`: the configuration is read again.
    Reload,
    /// `SendGarp`: the router of this name announces its addresses, once.
    Announce(String),
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is no such object, interface or method.
    UnknownMethod,
    /// The arguments make no sense.
    InvalidArguments,
    /// It cannot be said now.
    Failed,
}

impl Refusal {
    /// The name of the error on the bus.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::UnknownMethod => "org.freedesktop.DBus.Error.UnknownMethod",
            Self::InvalidArguments => "org.freedesktop.DBus.Error.InvalidArgs",
            Self::Failed => "org.freedesktop.DBus.Error.Failed",
        }
    }
}

/// Looks at a call; `machine` finds out the name of this machine.
pub(super) fn answer(call: &Message<'_>, objects: &Objects, machine: impl Fn() -> Option<String>) -> Answer {
    let object = objects.at(call.path);
    match (call.interface, call.member, call.signature) {
        (INTROSPECTABLE, "Introspect", "") => {
            let document = introspection::document(object, &objects.below(call.path));
            return text(&document);
        }
        (PEER, "Ping", "") => return Answer::Values("", Vec::new()),
        (PEER, "GetMachineId", "") => {
            let unknown = || refuse(Refusal::Failed, "this machine has no /etc/machine-id");
            return machine().map_or_else(unknown, |name| text(&name));
        }
        _ => {}
    }
    let Some(object) = object else {
        return refuse(Refusal::UnknownMethod, format!("there is no object {}", call.path));
    };
    match (call.interface, call.signature) {
        (PROPERTIES, signature) => property(call, signature, object),
        (interface, signature) if interface == object.interface() => {
            let Some(request) = object.request(call.member) else {
                return refuse(Refusal::UnknownMethod, format!("{interface} has no method {}", call.member));
            };
            if signature.is_empty() {
                return Answer::After(request);
            }
            refuse(
                Refusal::InvalidArguments,
                format!("{} takes no arguments, not ({signature})", call.member),
            )
        }
        (interface, _) => refuse(
            Refusal::UnknownMethod,
            format!("{} has no method {} in interface {interface:?}", call.path, call.member),
        ),
    }
}

/// A method of `org.freedesktop.DBus.Properties`.
fn property(call: &Message<'_>, signature: &str, object: Object<'_>) -> Answer {
    let mut arguments = call.arguments();
    let mut argument = || arguments.string().unwrap_or_default();
    let (interface, name) = match (call.member, signature) {
        ("Get", "ss") | ("Set", "ssv") => (argument(), Some(argument())),
        ("GetAll", "s") => (argument(), None),
        (member, _) => {
            return refuse(
                Refusal::UnknownMethod,
                format!("{PROPERTIES} has no method {member} with arguments ({signature})"),
            );
        }
    };
    if interface != object.interface() {
        return refuse(Refusal::InvalidArguments, format!("{} has no interface {interface:?}", call.path));
    }
    let mut writer = Writer::default();
    let Some(name) = name else {
        writer.array(8, |writer| {
            for property in object.properties() {
                writer.align(8);
                writer.string(property.name());
                property.write(writer);
            }
        });
        return Answer::Values("a{sv}", writer.finish());
    };
    let Some(property) = object.properties().into_iter().find(|property| property.name() == name) else {
        return refuse(Refusal::InvalidArguments, format!("{interface} has no property {name:?}"));
    };
    if call.member == "Set" {
        return refuse(Refusal::InvalidArguments, format!("{name} can be read only"));
    }
    property.write(&mut writer);
    Answer::Values("v", writer.finish())
}

impl<'o> Object<'o> {
    fn interface(self) -> &'static str {
        match self {
            Self::Daemon => DAEMON,
            Self::Router(_) => ROUTER,
        }
    }

    fn request(self, method: &str) -> Option<Request> {
        match (self, method) {
            (Self::Daemon, "PrintData") => Some(Request::PrintData),
            (Self::Daemon, "PrintStats") => Some(Request::PrintStatistics),
            (Self::Daemon, "PrintStatsClear") => Some(Request::PrintStatisticsThenZero),
            (Self::Daemon, "ReloadConfig") => Some(Request::Reload),
            (Self::Router(router), "SendGarp") => Some(Request::Announce(router.instance.name.clone())),
            (Self::Daemon | Self::Router(_), _) => None,
        }
    }

    fn properties(self) -> Vec<Property<'o>> {
        match self {
            Self::Daemon => Vec::new(),
            Self::Router(router) => vec![Property::Name(router), Property::State(router)],
        }
    }
}

/// What can be asked of a router.
enum Property<'o> {
    Name(&'o Router),
    State(&'o Router),
}

impl Property<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Name(_) => "Name",
            Self::State(_) => "State",
        }
    }

    /// Its value as a variant. keepalived announces `Name` as `s` and sends `(s)`, which its clients have come to expect.
    fn write(&self, writer: &mut Writer) {
        match self {
            Self::Name(router) => {
                writer.signature("(s)");
                writer.align(8);
                writer.string(&router.instance.name);
            }
            Self::State(router) => {
                writer.signature("(us)");
                writer.align(8);
                writer.number(router.state);
                writer.string(state_name(router.state));
            }
        }
    }
}

/// The word for a state that keepalived gives this number.
fn state_name(state: u32) -> &'static str {
    match state {
        0 => "Init",
        1 => "Backup",
        2 => "Master",
        3 => "Fault",
        _ => "Unknown",
    }
}

fn text(text: &str) -> Answer {
    let mut writer = Writer::default();
    writer.string(text);
    Answer::Values("s", writer.finish())
}

fn refuse(why: Refusal, text: impl Into<String>) -> Answer {
    Answer::Refusal(why, text.into())
}

/// The interface of the daemon's object.
pub(super) const DAEMON: &str = "org.keepalived.Vrrp1.Vrrp";
/// The interface of a router's object.
pub(super) const ROUTER: &str = "org.keepalived.Vrrp1.Instance";
const INTROSPECTABLE: &str = "org.freedesktop.DBus.Introspectable";
const PEER: &str = "org.freedesktop.DBus.Peer";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

#[cfg(test)]
mod tests;
