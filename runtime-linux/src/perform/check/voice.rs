//! How the task is heard.

use tokio::sync::mpsc::UnboundedSender;

use super::Event;

/// Who is told of services and real servers that turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listeners {
    /// FIFOs are, of all of them.
    pub fifos: bool,
    /// SNMP is, of all of them.
    pub snmp: bool,
    /// Mail is sent, about those that want it.
    pub mail: bool,
}

/// Where events go that somebody wants to hear.
#[derive(Clone, Debug)]
pub(super) struct Voice {
    events: UnboundedSender<Event>,
    pub(super) listeners: Listeners,
}

impl Voice {
    pub(super) fn new(events: UnboundedSender<Event>) -> Self {
        Self { events, listeners: Listeners { fifos: true, snmp: true, mail: true } }
    }

    /// Says what somebody wants to hear. When nobody listens at all the daemon is ending, and the task with it.
    pub(super) fn say(&self, event: Event) {
        let Listeners { fifos, snmp, mail } = self.listeners;
        let unheard =
            matches!(event, Event::Turned { mail: wanted, .. } if !(fifos || snmp || mail && wanted));
        if !unheard {
            let _ = self.events.send(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use core::net::IpAddr;

    use ipvs_core::{Protocol, ServiceKey};
    use tokio::sync::mpsc;

    use super::super::Who;
    use super::*;

    #[test]
    fn what_turns_is_said_to_fifos_and_snmp_and_where_mail_is_sent_to_those_that_want_it() {
        let address = IpAddr::from([192, 0, 2, 1]);
        let service = ServiceKey::Address { protocol: Protocol::Tcp, address, port: 80 };
        let turned = |mail| {
            let who = Who { service, group: None, server: None, alive: 0 };
            Event::Turned { who, up: true, mail }
        };
        let (events, mut said) = mpsc::unbounded_channel();
        let mut voice = Voice::new(events);
        let mut heard = |fifos, snmp, mail| {
            voice.listeners = Listeners { fifos, snmp, mail };
            for event in [Event::Applied, turned(false), turned(true)] {
                voice.say(event);
            }
            core::iter::from_fn(|| said.try_recv().ok()).collect::<Vec<_>>()
        };
        assert_eq!(heard(true, false, false), [Event::Applied, turned(false), turned(true)]);
        assert_eq!(heard(false, true, false), [Event::Applied, turned(false), turned(true)]);
        assert_eq!(heard(false, false, true), [Event::Applied, turned(true)]);
        assert_eq!(heard(false, false, false), [Event::Applied]);
    }
}
