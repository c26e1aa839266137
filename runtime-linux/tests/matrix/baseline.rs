//! The ten points of `spec/baseline.md` section 0: what was measured of keepalived and must not be, or must be no
//! worse, with steadfast. Each test bears the number of its point.
//!
//! Where keepalived can be put beside it in the same run, it is: so that the stimulus is seen to bite, and so that the
//! noise of the machine is the same for both.

mod forger;
mod lan;
mod ping;

mod ending;
mod junk;
mod race;
mod timing;
mod vmac;
