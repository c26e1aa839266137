//! `lvs_sync_daemon`: the kernel's threads that send connections to the other director, or take them over from it.

use core::net::{IpAddr, Ipv4Addr};

use ipvs_core::wire::daemon::{Daemon, Interface, Role};
use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use tracing::{error, info, warn};

use crate::config::model::SyncDaemon;
use crate::netlink::Error;
use crate::netlink::ipvs::Ipvs;

/// Which daemons are wanted, and which run because of us.
#[derive(Default)]
pub(super) struct Synchronisation {
    wanted: Option<SyncDaemon>,
    /// The instance that is followed is Active.
    active: bool,
    /// Roles that run because of us, each with the number that its interface had: an interface that was made anew
    /// has the old name, and the daemon does not hear it.
    ours: Vec<(Role, Option<u32>)>,
    /// The last complaint, so that it is made once.
    complaint: Option<String>,
}

impl Synchronisation {
    /// From now on this is wanted, and the instance that it follows is Active or not.
    pub(super) fn apply(&mut self, ipvs: &mut Ipvs, wanted: Option<&SyncDaemon>, active: bool) {
        if self.wanted.as_ref() != wanted || self.active != active {
            self.wanted = wanted.cloned();
            self.active = active;
            self.settle(ipvs, false);
        }
    }

    /// Puts right what somebody else changed, and tries again what failed.
    pub(super) fn check(&mut self, ipvs: &mut Ipvs) {
        if self.wanted.is_some() {
            self.settle(ipvs, true);
        }
    }

    /// Ends what runs because of us.
    pub(super) fn stop(&mut self, ipvs: &mut Ipvs) {
        self.wanted = None;
        self.settle(ipvs, false);
    }

    fn settle(&mut self, ipvs: &mut Ipvs, unforeseen: bool) {
        match self.bring(ipvs, unforeseen) {
            Ok(()) => self.complaint = None,
            Err(text) => {
                if self.complaint.as_ref() != Some(&text) {
                    error!("{text}");
                }
                self.complaint = Some(text);
            }
        }
    }

    fn bring(&mut self, ipvs: &mut Ipvs, unforeseen: bool) -> Result<(), String> {
        let listed = ipvs.daemons().map_err(|error| format!("lvs_sync_daemon: {error}"))?;
        let mut roles = Role::ALL;
        // Who becomes Active sends before it stops hearing, and the other way about.
        roles.sort_by_key(|role| !self.is_wanted(*role));
        for role in roles {
            let present = listed.iter().find(|daemon| daemon.role == role);
            let Some(wanted) = self.wanted.clone().filter(|_| self.is_wanted(role)) else {
                // One of another program is left alone, but for one beside ours: a host has one of each role.
                let is_ours = self.ours.iter().any(|(other, _)| *other == role);
                if present.is_some() && (is_ours || self.wanted.is_some()) {
                    end(ipvs, role)?;
                }
                self.ours.retain(|(other, _)| *other != role);
                continue;
            };
            let daemon = daemon(&wanted, role)?;
            let index = if_nametoindex(daemon.interface.name()).ok();
            let made = self.ours.iter().find(|(other, _)| *other == role).map(|(_, index)| *index);
            match present {
                Some(present) if matches(&daemon, present) && made.is_none_or(|made| made == index) => {}
                present => {
                    if unforeseen && made.is_some() {
                        warn!(
                            "the {} sync daemon was {}, it is started again",
                            role.name(),
                            match present {
                                Some(_) => "changed, or its interface was made anew",
                                None => "stopped by something else",
                            }
                        );
                    }
                    if present.is_some() {
                        end(ipvs, role)?;
                    }
                    ipvs.start_daemon(daemon).map_err(|error| refusal(&wanted, role, &error))?;
                    info!("connections are synchronised on {} as {}", wanted.interface, role.name());
                }
            }
            self.ours.retain(|(other, _)| *other != role);
            self.ours.push((role, index));
        }
        Ok(())
    }

    fn is_wanted(&self, role: Role) -> bool {
        match &self.wanted {
            None => false,
            Some(SyncDaemon { instance: None, .. }) => true,
            Some(SyncDaemon { instance: Some(_), .. }) => match role {
                Role::Master => self.active,
                Role::Backup => !self.active,
            },
        }
    }
}

fn daemon(wanted: &SyncDaemon, role: Role) -> Result<Daemon, String> {
    let interface = Interface::new(&wanted.interface)
        .ok_or_else(|| format!("lvs_sync_daemon: `{}` is no name of an interface", wanted.interface))?;
    let SyncDaemon { longest, group, port, ttl, .. } = *wanted;
    Ok(Daemon { role, interface, id: wanted.id.into(), longest, group, port, ttl })
}

/// Whether the kernel lists what was asked for, with its own choices for what was left to it.
fn matches(wanted: &Daemon, present: &Daemon) -> bool {
    let least = match wanted.role {
        Role::Master => 0,
        Role::Backup => LEAST_HEARD,
    };
    let given = |number: u16, default: u16| if number == 0 { default } else { number };
    wanted.interface == present.interface
        && wanted.id == present.id
        && (wanted.longest == 0 || wanted.longest.max(least) == present.longest)
        && wanted.group.unwrap_or(GROUP) == present.group.unwrap_or(GROUP)
        && given(wanted.port, PORT) == given(present.port, PORT)
        && given(wanted.ttl.into(), 1) == given(present.ttl.into(), 1)
}

fn end(ipvs: &mut Ipvs, role: Role) -> Result<(), String> {
    match ipvs.stop_daemon(role) {
        // Somebody else was quicker.
        Err(error) if !error.is(Errno::ESRCH) => {
            Err(format!("cannot stop the {} sync daemon: {error}", role.name()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn refusal(wanted: &SyncDaemon, role: Role, error: &Error) -> String {
    let interface = &wanted.interface;
    let reason = if error.is(Errno::ENODEV) {
        format!("there is no interface {interface}; it is tried again")
    } else if error.is(Errno::EINVAL) {
        "the kernel synchronises nothing while a service has real servers of the other address family (tunnels)".to_owned()
    } else if error.is(Errno::EADDRNOTAVAIL) {
        format!("{interface} has no address of the group's family; it is tried again")
    } else {
        error.to_string()
    };
    format!("cannot start the {} sync daemon: {reason}", role.name())
}

/// As the kernel fills them in.
const GROUP: IpAddr = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 81));
const PORT: u16 = 8848;
/// The shortest longest message of one that hears, in bytes.
const LEAST_HEARD: u16 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_chose_is_what_was_left_to_it() {
        let wanted = Daemon {
            role: Role::Backup,
            interface: Interface::new("eth0").unwrap(),
            id: 7,
            longest: 800,
            group: None,
            port: 0,
            ttl: 0,
        };
        let present = Daemon { longest: 1024, group: Some(GROUP), port: 8848, ttl: 1, ..wanted };
        assert!(matches(&wanted, &present));
        assert!(matches(&Daemon { longest: 0, ..wanted }, &Daemon { longest: 1472, ..present }));
        assert!(!matches(&Daemon { role: Role::Master, ..wanted }, &present));
        for other in [
            Daemon { id: 8, ..present },
            Daemon { port: 8849, ..present },
            Daemon { ttl: 2, ..present },
            Daemon { interface: Interface::new("eth1").unwrap(), ..present },
            Daemon { group: Some(IpAddr::from([239, 0, 0, 1])), ..present },
        ] {
            assert!(!matches(&wanted, &other), "{other:?}");
        }
    }
}
