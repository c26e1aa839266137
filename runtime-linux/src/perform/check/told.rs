//! What checks are told of rather than ask for: BFD sessions and the numbers in files.

use core::future::pending;

use check_core::Failure;
use check_core::pool::Share;
use tokio::sync::watch;

use super::probe::Outcome;
use crate::config::model::{FileCheck, Probe};
use crate::perform::bfd::Judged;
use crate::perform::track_file::Numbers;

/// Where it is told.
#[derive(Clone, Debug)]
pub struct Told {
    /// How every BFD session stands.
    pub sessions: watch::Receiver<Judged>,
    /// What every tracked file holds.
    pub files: watch::Receiver<Numbers>,
}

impl From<watch::Receiver<Judged>> for Told {
    /// Sessions, and no file.
    fn from(sessions: watch::Receiver<Judged>) -> Self {
        Self { sessions, files: watch::Sender::default().subscribe() }
    }
}

impl Told {
    /// Waits until there is something new.
    pub(super) async fn news(&mut self) {
        tokio::select! {
            () = change(&mut self.sessions) => {}
            () = change(&mut self.files) => {}
        }
    }

    /// Whether this is a check that is told.
    pub(super) fn knows(probe: &Probe) -> bool {
        match probe {
            Probe::Bfd(_) | Probe::File(_) => true,
            Probe::Tcp(_)
            | Probe::Http(_)
            | Probe::Smtp(_)
            | Probe::Dns(_)
            | Probe::Udp(_)
            | Probe::Ping(_)
            | Probe::Misc { .. } => false,
        }
    }

    /// What a check that is told has been told last; nothing while nobody has judged.
    pub(super) fn of(&self, probe: &Probe) -> Option<Outcome> {
        match probe {
            Probe::Bfd(name) => self.sessions.borrow().get(name).map(|up| match up {
                true => Outcome::Passed,
                false => Err(Failure::SessionDown).into(),
            }),
            Probe::File(check) => self.files.borrow().get(&check.name).map(|number| judge(check, *number)),
            Probe::Tcp(_)
            | Probe::Http(_)
            | Probe::Smtp(_)
            | Probe::Dns(_)
            | Probe::Udp(_)
            | Probe::Ping(_)
            | Probe::Misc { .. } => None,
        }
    }
}

/// What a number does to a server (keepalived.md 4.9, with the weights of IPVS): without a weight anything but zero
/// takes it down, else the number is multiplied, and a product below every weight takes it down.
fn judge(check: &FileCheck, number: i32) -> Outcome {
    if check.weight == 0 {
        let good = (number == 0) != check.reverse;
        return if good { Outcome::Passed } else { Err(Failure::Number(number)).into() };
    }
    let weight = i64::from(check.weight) * if check.reverse { -1 } else { 1 };
    let product = i64::from(number) * weight;
    if product <= i64::from(i32::MIN) {
        return Err(Failure::Number(number)).into();
    }
    Outcome::Weighed(Share::Offset(product.min(i64::from(i32::MAX))))
}

/// Who tells nothing any more has no news.
async fn change<T>(told: &mut watch::Receiver<T>) {
    if told.changed().await.is_err() {
        pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_added_as_often_as_the_weight_says_and_below_every_weight_it_is_a_failure() {
        let outcome = |weight, reverse, number| judge(&check(weight, reverse), number);
        let adds = |offset| Outcome::Weighed(Share::Offset(offset));
        let fails = |number| Outcome::from(Err(Failure::Number(number)));
        assert_eq!(outcome(1, false, 0), adds(0));
        assert_eq!(outcome(1, false, -254), adds(-254));
        assert_eq!(outcome(3, true, 10), adds(-30));
        assert_eq!(outcome(2, false, i32::MAX), adds(2_147_483_647));
        assert_eq!(outcome(1, false, -2_147_483_647), adds(-2_147_483_647));
        assert_eq!(outcome(1, false, -2_147_483_648), fails(-2_147_483_648));
        assert_eq!(outcome(-2_147_483_647, false, 2), fails(2));
        assert_eq!(outcome(0, false, 0), Outcome::Passed);
        assert_eq!(outcome(0, false, 1), fails(1));
        assert_eq!(outcome(0, true, 0), fails(0));
        assert_eq!(outcome(0, true, -7), Outcome::Passed);
    }

    fn check(weight: i32, reverse: bool) -> FileCheck {
        FileCheck { name: "f".to_owned(), weight, reverse }
    }
}
