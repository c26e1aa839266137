//! What all threads tell together.

use crate::perform::ipvs::{DestinationStatus, ServiceStatus, Statistics, Status};

/// The sum of what each thread tells. Every service is on the first one.
pub(super) fn sum(mut each: impl Iterator<Item = Status>) -> Status {
    let mut total = each.next().unwrap_or_default();
    for other in each {
        let mut services = total.services.iter_mut().peekable();
        for theirs in &other.services {
            while services.next_if(|service| service.key < theirs.key).is_some() {}
            if let Some(service) = services.next_if(|service| service.key == theirs.key) {
                add_service(service, theirs);
            }
        }
        for ((_, count), (_, theirs)) in total.counters.iter_mut().zip(&other.counters) {
            *count += theirs;
        }
    }
    total
}

fn add_service(service: &mut ServiceStatus, other: &ServiceStatus) {
    add(&mut service.statistics, &other.statistics);
    for destination in &mut service.destinations {
        let theirs = other.destinations.iter().find(|theirs| theirs.address == destination.address);
        if let Some(DestinationStatus { active, inactive, persistent, statistics, .. }) = theirs {
            destination.active += active;
            destination.inactive += inactive;
            destination.persistent += persistent;
            add(&mut destination.statistics, statistics);
        }
    }
}

fn add(statistics: &mut Statistics, other: &Statistics) {
    statistics.connections += other.connections;
    statistics.packets_in += other.packets_in;
    statistics.packets_out += other.packets_out;
    statistics.bytes_in += other.bytes_in;
    statistics.bytes_out += other.bytes_out;
}
