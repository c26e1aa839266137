//! What those say who watch a daemon: an SNMP master agent and the system bus.

use runtime_linux::snmp::Heard;
use runtime_linux::{dbus, snmp};

/// A message of `AgentX`: it makes nobody hold more than was sent.
pub fn agentx(bytes: &[u8]) {
    let Some(heard) = snmp::read(bytes) else { return };
    let held = match heard {
        Heard::Get(ranges) | Heard::GetNext(ranges) | Heard::GetBulk { ranges, .. } => ranges.len(),
        Heard::TestSet(bindings) => bindings.len(),
        Heard::Response { .. }
        | Heard::Close(_)
        | Heard::CommitSet
        | Heard::UndoSet
        | Heard::CleanupSet
        | Heard::Misplaced(_)
        | Heard::OtherContext => 0,
    };
    // Each is two names of four octets, or a name and a kind, at the least.
    assert!(held * 8 <= bytes.len());
    assert_eq!(snmp::read(&[bytes, &[0; 4]].concat()), None);
}

/// A message on the bus: written again and again, it is the same.
pub fn bus_message(bytes: &[u8]) {
    let Some(again) = dbus::rewritten(bytes) else { return };
    assert_eq!(dbus::rewritten(&again), Some(again));
}
