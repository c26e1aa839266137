//! What the kernel's IPVS answers.

use ipvs_core::wire::command::Command;
use ipvs_core::wire::daemon::Daemon;
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
    if let Ok(daemon) = Daemon::parse(payload) {
        assert_eq!(Daemon::parse(&emitted(Command::NewDaemon(daemon))), Ok(daemon));
    }
    if let Ok(ListedService { key, service: Ok(service), .. }) = ListedService::parse(payload) {
        assert_eq!(service.key, key);
        let again = ListedService::parse(&emitted(Command::NewService(service)));
        assert_eq!(again.map(|again| again.service), Ok(Ok(service)));
    }
    for family in [Family::V4, Family::V6] {
        if let Ok(ListedDestination { destination: Some(destination), .. }) =
            ListedDestination::parse(payload, family)
        {
            let service = ServiceKey::Mark { mark: 1, family };
            let again = emitted(Command::NewDestination { service, destination });
            let again = ListedDestination::parse(&again, family);
            assert_eq!(again.map(|again| again.destination), Ok(Some(destination)));
        }
    }
}

/// The payload of a command, which is built as answers are.
fn emitted(command: Command) -> Vec<u8> {
    let mut buffer = [0; ipvs_core::wire::command::LENGTH];
    let length = command.emit(0x22, 1, &mut buffer).expect("every command fits");
    buffer[16..length].to_vec()
}
