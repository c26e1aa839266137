//! From what is there to what is wanted, in the fewest steps that keep every service served.

use core::net::IpAddr;

use crate::service::{Destination, Service, ServiceKey};

/// The steps that turn `have` into `want`, in the order in which to take them.
///
/// Both slices are sorted by [`ServiceKey`] without duplicates; destinations of a service are in any order, each
/// `(address, port)` once. Services that somebody else owns are left out of `have` by the caller, and so stay
/// untouched.
///
/// New services and changes come first, removed services last. Within a service the order is: its own settings, new
/// destinations in the order wanted, weights that rise, other changes, removals; so there is always a server to
/// turn to. A removed service takes its destinations with it. Nothing is removed only to be added again.
///
/// Costs one merge over the services and, per service, about one pass over its destinations while both lists run
/// in the same or in opposite order (the kernel lists the newest first).
///
/// ```
/// use core::net::{IpAddr, Ipv4Addr};
/// use ipvs_core::{Destination, Forward, Method, Protocol, Service, ServiceKey, Step, plan};
///
/// let address = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
/// let service = Service::new(ServiceKey::Address { protocol: Protocol::Tcp, address, port: 80 }, Method::RoundRobin);
/// let server = Destination {
///     address: IpAddr::V4(Ipv4Addr::new(10, 1, 0, 1)),
///     port: 80,
///     forward: Forward::Direct,
///     weight: 1,
///     upper: 0,
///     lower: 0,
/// };
/// let have = [(service, [server])];
/// let want = [(service, [Destination { weight: 2, ..server }])];
/// let steps: Vec<Step> = plan(&have, &want)?.collect();
/// assert_eq!(
///     steps,
///     [Step::EditDestination { service: service.key, destination: Destination { weight: 2, ..server } }]
/// );
/// # Ok::<(), ipvs_core::Disorder>(())
/// ```
pub fn plan<'a, H, W>(have: &'a [(Service, H)], want: &'a [(Service, W)]) -> Result<Plan<'a, H, W>, Disorder>
where
    H: AsRef<[Destination]>,
    W: AsRef<[Destination]>,
{
    if !is_ordered(have) || !is_ordered(want) {
        return Err(Disorder);
    }
    Ok(Plan { have, want, removable: have, kept: want, current: None })
}

/// One change to the services of a host. Whoever performs it may see it refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A service that was not there, without destinations.
    AddService(Service),
    /// Other settings for the service with this key.
    EditService(Service),
    /// The service and all its destinations go.
    RemoveService(ServiceKey),
    /// A destination that the service did not have.
    AddDestination {
        /// Whose.
        service: ServiceKey,
        /// The whole destination.
        destination: Destination,
    },
    /// Other settings for the destination with this address and port.
    EditDestination {
        /// Whose.
        service: ServiceKey,
        /// The whole destination as it is to be.
        destination: Destination,
    },
    /// The destination goes.
    RemoveDestination {
        /// Whose.
        service: ServiceKey,
        /// Its address.
        address: IpAddr,
        /// Its port.
        port: u16,
    },
}

impl Step {
    /// The service it is about.
    pub fn service(&self) -> ServiceKey {
        match self {
            Self::AddService(service) | Self::EditService(service) => service.key,
            Self::RemoveService(key) => *key,
            Self::AddDestination { service, .. }
            | Self::EditDestination { service, .. }
            | Self::RemoveDestination { service, .. } => *service,
        }
    }
}

/// The iterator of [`plan()`].
#[derive(Clone, Debug)]
pub struct Plan<'a, H, W> {
    /// Not yet compared.
    have: &'a [(Service, H)],
    want: &'a [(Service, W)],
    /// Not yet looked through for services to remove.
    removable: &'a [(Service, H)],
    kept: &'a [(Service, W)],
    current: Option<Destinations<'a>>,
}

impl<H, W> Iterator for Plan<'_, H, W>
where
    H: AsRef<[Destination]>,
    W: AsRef<[Destination]>,
{
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        loop {
            if let Some(destinations) = &mut self.current {
                if let Some(step) = destinations.next() {
                    return Some(step);
                }
                self.current = None;
            }
            let Some(((service, destinations), rest)) = self.want.split_first() else {
                return self.removal();
            };
            self.want = rest;
            while self.have.first().is_some_and(|(present, _)| present.key < service.key) {
                self.have = self.have.get(1..).unwrap_or_default();
            }
            let want = destinations.as_ref();
            match self.have.first() {
                Some((present, have)) if present.key == service.key => {
                    self.current = Some(Destinations::new(service.key, have.as_ref(), want));
                    if present != service {
                        return Some(Step::EditService(*service));
                    }
                }
                Some(_) | None => {
                    self.current = Some(Destinations::new(service.key, &[], want));
                    return Some(Step::AddService(*service));
                }
            }
        }
    }
}

impl<H, W> Plan<'_, H, W> {
    fn removal(&mut self) -> Option<Step> {
        while let Some(((present, _), rest)) = self.removable.split_first() {
            self.removable = rest;
            while self.kept.first().is_some_and(|(service, _)| service.key < present.key) {
                self.kept = self.kept.get(1..).unwrap_or_default();
            }
            if self.kept.first().is_none_or(|(service, _)| service.key != present.key) {
                return Some(Step::RemoveService(present.key));
            }
        }
        None
    }
}

/// The services handed to [`plan()`] are not sorted by key, or one is there twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("services are not sorted by key, or one occurs twice")]
pub struct Disorder;

fn is_ordered<D>(services: &[(Service, D)]) -> bool {
    services.is_sorted_by(|(before, _), (after, _)| before.key < after.key)
}

/// The steps within one service: one pass over a list per stage.
#[derive(Clone, Debug)]
struct Destinations<'a> {
    service: ServiceKey,
    have: &'a [Destination],
    want: &'a [Destination],
    stage: Stage,
    position: usize,
    /// Where the last server was found, so that the next is looked for beside it.
    near: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Add,
    Raise,
    Change,
    Remove,
    Done,
}

impl<'a> Destinations<'a> {
    fn new(service: ServiceKey, have: &'a [Destination], want: &'a [Destination]) -> Self {
        Self { service, have, want, stage: Stage::Add, position: 0, near: 0 }
    }

    fn next(&mut self) -> Option<Step> {
        loop {
            let (list, other) = match self.stage {
                Stage::Add | Stage::Raise | Stage::Change => (self.want, self.have),
                Stage::Remove => (self.have, self.want),
                Stage::Done => return None,
            };
            let Some(destination) = list.get(self.position) else {
                self.position = 0;
                self.near = 0;
                self.stage = match self.stage {
                    Stage::Add if self.have.is_empty() => Stage::Done,
                    Stage::Add => Stage::Raise,
                    Stage::Raise => Stage::Change,
                    Stage::Change => Stage::Remove,
                    Stage::Remove | Stage::Done => Stage::Done,
                };
                continue;
            };
            self.position += 1;
            let found = find_near(other, self.near, destination);
            self.near = found.unwrap_or(self.near);
            if let Some(step) = self.step(destination, found.and_then(|index| other.get(index))) {
                return Some(step);
            }
        }
    }

    fn step(&self, destination: &Destination, same: Option<&Destination>) -> Option<Step> {
        let service = self.service;
        match (self.stage, same) {
            (Stage::Add, None) => Some(Step::AddDestination { service, destination: *destination }),
            (Stage::Raise, Some(present)) if destination.weight > present.weight => {
                Some(Step::EditDestination { service, destination: *destination })
            }
            (Stage::Change, Some(present))
                if destination.weight <= present.weight && destination != present =>
            {
                Some(Step::EditDestination { service, destination: *destination })
            }
            (Stage::Remove, None) => Some(Step::RemoveDestination {
                service,
                address: destination.address,
                port: destination.port,
            }),
            (Stage::Add | Stage::Raise | Stage::Change | Stage::Remove | Stage::Done, _) => None,
        }
    }
}

/// The place of the same server in `list`, looked for at `near` and then ever further away on both sides.
fn find_near(list: &[Destination], near: usize, server: &Destination) -> Option<usize> {
    let is_at = |index: usize| list.get(index).is_some_and(|present| present.is_same_server(server));
    (0..list.len()).find_map(|distance| {
        let after = near + distance;
        if is_at(after) {
            return Some(after);
        }
        near.checked_sub(distance).filter(|before| is_at(*before))
    })
}
