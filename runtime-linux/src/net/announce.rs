//! Gratuitous ARP and unsolicited neighbour advertisements, at the pace that the network bears.

mod group;

use core::net::IpAddr;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::os::fd::AsRawFd;

use nix::sys::socket::{self, MsgFlags};
use socket2::{Domain, Protocol, Socket, Type};
use vrrp_core::Family;
use vrrp_core::wire::{arp, ndisc};

use super::filter;
use crate::config::model::Gaps;
use crate::sys;
use group::Group;

/// One announcement of one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Which instance it is for; [`Announcer::forget`] takes its announcements back.
    pub owner: usize,
    /// Interface that it goes out of.
    pub index: u32,
    /// What is said.
    pub body: Body,
}

/// What an announcement says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// An IPv4 address.
    Arp(arp::Repr),
    /// An IPv6 address.
    Ndisc(ndisc::Repr),
}

impl Body {
    /// Announces `address` at `mac`. `source` is the link-local address that an IPv6 announcement comes from
    /// and `router` whether this host forwards; `None` where an IPv6 one has no source.
    pub fn new(address: IpAddr, mac: [u8; 6], source: Option<IpAddr>, router: bool) -> Option<Self> {
        match (address, source) {
            (IpAddr::V4(address), _) => Some(Self::Arp(arp::Repr { mac, address })),
            (IpAddr::V6(target), Some(IpAddr::V6(source))) => {
                Some(Self::Ndisc(ndisc::Repr { mac, source, target, router }))
            }
            (IpAddr::V6(_), Some(IpAddr::V4(_)) | None) => None,
        }
    }

    fn family(&self) -> Family {
        match self {
            Self::Arp(_) => Family::V4,
            Self::Ndisc(_) => Family::V6,
        }
    }
}

/// Queues announcements per interface and sends them, each kind with its own gap.
#[derive(Debug)]
pub struct Announcer {
    socket: Socket,
    gaps: Gaps,
    groups: Vec<Group>,
    lines: BTreeMap<(u32, Family), Line>,
}

#[derive(Debug, Default)]
struct Line {
    queue: VecDeque<Announcement>,
    /// When the next one may go.
    free: Duration,
}

impl Announcer {
    /// Opens a packet socket that hears nothing.
    pub fn open(gaps: Gaps) -> io::Result<Self> {
        let kind = Type::RAW.nonblocking().cloexec();
        let socket = Socket::new_raw(Domain::PACKET, kind, Some(Protocol::from(0)))?;
        socket.attach_filter(&filter::nothing())?;
        Ok(Self { socket, gaps, groups: Vec::new(), lines: BTreeMap::new() })
    }

    /// Changes the gaps from the next announcement on.
    pub fn set_gaps(&mut self, gaps: Gaps) {
        self.gaps = gaps;
    }

    /// Interfaces by number that share a pace of their own, from the next announcement on.
    pub fn set_groups(&mut self, groups: Vec<(Gaps, BTreeSet<u32>)>) {
        let old = core::mem::take(&mut self.groups);
        let new = groups.into_iter().map(|(gaps, members)| Group::new(gaps, members));
        self.groups = new.enumerate().map(|(number, group)| group.following(old.get(number))).collect();
    }

    /// Whether any interfaces share a pace.
    pub fn has_groups(&self) -> bool {
        !self.groups.is_empty()
    }

    /// Queues one announcement. Beyond 4096 on one interface it is dropped, and false returned.
    pub fn queue(&mut self, announcement: Announcement) -> bool {
        let line = self.lines.entry((announcement.index, announcement.body.family())).or_default();
        let room = line.queue.len() < LONGEST_QUEUE;
        if room {
            line.queue.push_back(announcement);
        }
        room
    }

    /// Takes back what an instance has queued: it is not Active any more, and must not say that it is.
    pub fn forget(&mut self, owner: usize) {
        for line in self.lines.values_mut() {
            line.queue.retain(|announcement| announcement.owner != owner);
        }
    }

    /// When [`flush`](Self::flush) has something to send.
    pub fn deadline(&self) -> Option<Duration> {
        let alone = self.lines.iter().filter(|((index, _), _)| !is_in(&self.groups, *index));
        let alone = alone.filter(|(_, line)| !line.queue.is_empty()).map(|(_, line)| line.free);
        alone.chain(self.groups.iter().filter_map(|group| group.deadline(&self.lines))).min()
    }

    /// Sends what may go now, at most 64 per interface and kind. Failures are handed to `failed`; the
    /// announcement is not tried again, its repetition comes anyway.
    pub fn flush(&mut self, now: Duration, mut failed: impl FnMut(Announcement, io::Error)) {
        for group in &mut self.groups {
            for family in [Family::V4, Family::V6] {
                for _ in 0..BURST {
                    let Some(announcement) = group.next(&mut self.lines, family, now) else { break };
                    if let Err(error) = send(&self.socket, announcement.index, &announcement.body) {
                        failed(announcement, error);
                    }
                }
            }
        }
        for (&(index, family), line) in &mut self.lines {
            if is_in(&self.groups, index) {
                continue;
            }
            let gap = match family {
                Family::V4 => self.gaps.arp,
                Family::V6 => self.gaps.ndisc,
            };
            for _ in 0..BURST {
                if now < line.free {
                    break;
                }
                let Some(announcement) = line.queue.pop_front() else { break };
                if let Err(error) = send(&self.socket, index, &announcement.body) {
                    failed(announcement, error);
                }
                line.free = now.saturating_add(gap);
            }
        }
        self.lines.retain(|_, line| !line.queue.is_empty() || now < line.free);
    }
}

fn is_in(groups: &[Group], index: u32) -> bool {
    groups.iter().any(|group| group.contains(index))
}

fn send(socket: &Socket, index: u32, body: &Body) -> io::Result<()> {
    let (arp, ndisc);
    let (frame, protocol) = match body {
        Body::Arp(body) => {
            arp = body.emit();
            (&arp[..], 0x0806_u16)
        }
        Body::Ndisc(body) => {
            ndisc = body.emit();
            (&ndisc[..], 0x86dd)
        }
    };
    let to = sys::link_address(index, protocol, [0; 6]);
    socket::sendto(socket.as_raw_fd(), frame, &to, MsgFlags::empty())?;
    Ok(())
}

/// Announcements of 255 addresses, five times and a few refreshes.
const LONGEST_QUEUE: usize = 4096;
/// How many may go before adverts get their turn.
const BURST: usize = 64;
