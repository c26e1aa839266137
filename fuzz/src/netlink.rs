//! What the kernel's IPVS answers.

use ipvs_core::wire::command::Command;
use ipvs_core::wire::generic;
use ipvs_core::wire::netlink::{Answer, Messages};
use ipvs_core::wire::reply::{Information, ListedDestination, ListedService, Timeouts};
use ipvs_core::{Family, ServiceKey};

/// A datagram of the kernel, read in every way in which one is read.
pub fn netlink(bytes: &[u8]) {
    let mut length = 0;
    for message in Messages::new(bytes) {
        let Ok(message) = message else { break };
        length += 16 + message.payload.len();
        assert!(length <= bytes.len());
        if let Ok(Answer::Finished { errno: i32::MIN, .. }) = message.answer() {
            panic!("no error number is that small");
        }
        payload(message.payload);
    }
    payload(bytes);
}

fn payload(payload: &[u8]) {
    generic::resolved(payload).ok();
    Information::parse(payload).ok();
    if let Ok(timeouts) = Timeouts::parse(payload) {
        let again = emitted(Command::SetTimeouts(timeouts));
        assert_eq!(Timeouts::parse(&again), Ok(timeouts));
    }
    if let Ok(listed) = ListedService::parse(payload) {
        let again = ListedService::parse(&emitted(Command::NewService(listed.service)));
        let mut expected = listed.service;
        // The kernel shows a netmask of IPv4 with whatever bits it has; what is sent is always a prefix.
        if let (Some(persistence), Ok(again)) = (&mut expected.persistence, &again)
            && expected.key.family() == Family::V4
        {
            persistence.granularity =
                again.service.persistence.map_or(persistence.granularity, |again| again.granularity);
        }
        assert_eq!(again.map(|again| again.service), Ok(expected));
    }
    for family in [Family::V4, Family::V6] {
        if let Ok(listed) = ListedDestination::parse(payload, family) {
            let destination = listed.destination;
            let service = ServiceKey::Mark { mark: 1, family };
            let again = emitted(Command::NewDestination { service, destination });
            let again = ListedDestination::parse(&again, family);
            assert_eq!(again.map(|again| again.destination), Ok(destination));
        }
    }
}

/// The payload of a command, which is built as answers are.
fn emitted(command: Command) -> Vec<u8> {
    let mut buffer = [0; ipvs_core::wire::command::LENGTH];
    let length = command.emit(0x22, 1, &mut buffer).expect("every command fits");
    buffer[16..length].to_vec()
}
