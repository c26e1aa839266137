//! One BFD session, and two against each other.

mod pair;
mod properties;
mod session;
mod wire;

use check_core::bfd::{Config, Session, Settings};

/// A session that has not begun: number 1, every 100 ms, gone after 3, and what the test says besides.
fn session(change: impl FnOnce(&mut Settings)) -> Session {
    Session::new(config(change))
}

fn config(change: impl FnOnce(&mut Settings)) -> Config {
    let every = core::time::Duration::from_millis(100);
    let mut settings = Settings { min_tx: every, min_rx: every, multiplier: 3, ..Settings::new(1) };
    change(&mut settings);
    Config::try_from(settings).expect("the settings of tests make sense")
}
