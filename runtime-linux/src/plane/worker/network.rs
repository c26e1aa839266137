//! What the kernel tells of links, routes and neighbours.

use super::Worker;
use super::traffic::{address_link, send};
use crate::netlink::Heard;
use crate::netlink::link::LinkInfo;
use crate::netlink::neighbour::{Change, Neighbour, Reach};
use crate::plane::filter::{self, Instruction};
use crate::plane::guard;
use crate::plane::port::{self, Port};
use crate::plane::sys::BURST;

impl Worker<'_> {
    /// Takes in what the kernel has told since the last time.
    pub(super) fn hear(&mut self) {
        let (mut links, mut routes, mut neighbours) = (false, false, Vec::new());
        loop {
            let heard = self.changes.receive(|change| match change {
                Change::Links => links = true,
                Change::Routes => routes = true,
                Change::Neighbour(neighbour) => neighbours.push(neighbour),
            });
            match heard {
                Ok(Heard::Messages) => {}
                Ok(Heard::Nothing) => break,
                Ok(Heard::Overrun) | Err(_) => {
                    links = true;
                    self.paths.forget();
                    break;
                }
            }
        }
        if links {
            self.paths.forget();
            self.rescan();
        } else if routes {
            self.paths.forget_routes();
        }
        for neighbour in neighbours {
            self.learn(neighbour);
        }
    }

    fn learn(&mut self, neighbour: Neighbour) {
        self.paths.learn(neighbour);
        let Neighbour { interface, address, reach } = neighbour;
        match reach {
            Reach::Known(mac) | Reach::Stale(mac) => {
                let slots = self.waiting.release(interface, address);
                let mut ready: Vec<&[u8]> = Vec::new();
                let Some(port) = self.ports.get_mut(&interface) else { return };
                let slots: Vec<Vec<u8>> = slots
                    .into_iter()
                    .map(|mut slot| {
                        address_link(&mut slot, mac, port.mac);
                        slot
                    })
                    .collect();
                ready.extend(slots.iter().map(Vec::as_slice));
                for chunk in ready.chunks(BURST) {
                    send(&mut port.sender, chunk, &mut self.counters);
                }
            }
            Reach::Failed => {
                self.counters.no_neighbour += self.waiting.release(interface, address).len() as u64;
            }
            Reach::Unknown => {}
        }
    }

    /// Opens and closes sockets as interfaces come and go.
    fn rescan(&mut self) {
        let links = match port::discover() {
            Ok(links) => links,
            Err(error) => return tracing::warn!("listing interfaces: {error}"),
        };
        self.ports.retain(|index, port| !port.broken && links.iter().any(|link| link.index == *index));
        let filter = filter::program(&self.listening.selection, self.share);
        let has_marks = !self.listening.selection.marks.is_empty();
        for link in links {
            match (self.ports.get_mut(&link.index), link.mac) {
                (Some(port), Some(mac)) => (port.link, port.mac) = (link, mac),
                (_, None) => {}
                (None, Some(_)) => self.open(link, &filter, has_marks),
            }
        }
        if let Some(guard) = &self.guard {
            guard::lock(guard).hear(port::names(&self.ports));
        }
    }

    fn open(&mut self, link: LinkInfo, filter: &[Instruction], has_marks: bool) {
        let (index, name) = (link.index, link.name.clone());
        match Port::open(link, filter, has_marks, self.ring) {
            Ok(port) => {
                self.ports.insert(index, port);
            }
            Err(error) => tracing::warn!("packet socket on {name}: {error}"),
        }
    }
}
