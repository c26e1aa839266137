//! The ten points of `spec/baseline.md` section 0: what was measured of keepalived and must not be, or must be no
//! worse, with steadfast. Each test bears the number of its point.
//!
//! Points 9 (processor time per advert) and 10 (memory) take a release build and are in `tests/scale/cost.rs`; larger
//! loads than point 6 has here are in `tests/scale/takeover.rs` and `steady.rs`; more ways to lose a process than points
//! 7 and 8 have here are in `tests/guardian`.
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
