//! The test bench of steadfast: the world that its cores are tried in.
//!
//! * [`simulation`]: a network of real [`VirtualRouter`](vrrp_core::VirtualRouter)s on virtual time, with
//!   loss, delay, duplication, partitions, crashes and pauses from a seed, and a checker that watches every
//!   step.
//! * [`malformed`]: adverts that no router may accept, each with the counter that it must end up in.
//!
//! * [`proof`]: what is explored, and the mistakes that must be found.
//!
//! They are libraries, so that other crates' tests can use them.
//!
//! # How to run it
//!
//! `cargo test -p bench` takes less than a minute on two cores: the failures F1 to F33 one by one
//! (`tests/it/failures.rs` lists them), every state of two and three routers with one or two faults, every mistake,
//! some ten thousand minutes of random groups and some hundred of random networks. A violation comes with the seed,
//! or with the way to it. More on request:
//!
//! ```text
//! STEADFAST_EXPLORE=full cargo test -p bench --test it exhaust -- --nocapture      one fault more, some minutes
//! STEADFAST_SEED=N cargo test -p bench --test it campaign -- --nocapture           one random group again
//! STEADFAST_SEED=N cargo test -p bench --test it fleet -- --nocapture              one random network again
//! cargo run --release -p bench --example explore -- --faults 3 254:1 100:1         states, depth and time
//! cargo run --release -p bench --example mutations                                 each mistake and what caught it
//! cargo run --release -p bench --example campaign -- --minutes 60000 --seed 1      virtual minutes, as many as you like
//! ```

pub mod malformed;
pub mod proof;
pub mod simulation;
