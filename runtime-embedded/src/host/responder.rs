//! No more of a host than a router needs: a tenth of smoltcp's stack.

use core::time::Duration;

use smoltcp::phy::Device;

use super::membership::Membership;
use super::{Host, Residents, echo};
use crate::config::Port;
use crate::frame::neighbour::{self, Talk};
use crate::frame::{LONGEST, Mac};
use crate::station::transmit;

/// A host that has no sockets: it answers ARP requests, neighbour solicitations and pings at its addresses and tells which
/// groups it wants. All else that comes for it is met with silence.
#[derive(Clone, Debug)]
pub struct Responder {
    membership: Membership,
}

impl Host for Responder {
    type Sockets<'s> = ();

    fn new<D: Device>(_: &'static Port, _: &mut D, _: Mac, seed: u64, _: Duration) -> Self {
        Self { membership: Membership::new(seed) }
    }

    fn settle(&mut self, now: Duration, _: &Residents<'_>) {
        self.membership.change(now);
    }

    fn deliver<D: Device>(
        &mut self,
        now: Duration,
        buffer: &mut [u8; LONGEST],
        length: usize,
        device: &mut D,
        (): &mut (),
        residents: &Residents<'_>,
    ) {
        self.membership.hear(now, &buffer[..length]);
        let answer = match Talk::parse(&buffer[..length]) {
            Some(talk) => tell(buffer, length, talk, residents),
            None => echo::answer(buffer, length, residents),
        };
        if let Some(length) = answer {
            // Who was not answered asks again.
            let _ = transmit(device, now, length, &mut |place| place.copy_from_slice(&buffer[..length]));
        }
    }

    fn speak<D: Device>(&mut self, now: Duration, device: &mut D, (): &mut (), residents: &Residents<'_>) {
        self.membership.speak(now, residents, &mut |frame| {
            // It is said more than once.
            let _ = transmit(device, now, frame.len(), &mut |place| place.copy_from_slice(frame));
        });
    }

    fn deadline(&mut self, _: Duration, (): &()) -> Option<Duration> {
        self.membership.deadline()
    }
}

/// Tells whoever asks where an own address lives. Virtual ones are answered for before this.
fn tell(buffer: &mut [u8], length: usize, talk: Talk, residents: &Residents<'_>) -> Option<usize> {
    let wanted = talk.asked.filter(|wanted| residents.own().any(|(own, _)| own == *wanted))?;
    let asker = talk.asker(&buffer[..length])?;
    neighbour::answer(buffer, &asker, wanted, residents.mac, residents.mac, residents.forwards())
}
