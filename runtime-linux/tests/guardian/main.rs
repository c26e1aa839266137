//! The guardian between network namespaces: workers and guardians are killed, and the wire is watched.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

mod death;
mod ending;
mod hang;
mod household;
mod kinds;
mod pair;
mod routes;
mod urgency;
mod virtual_interface;
