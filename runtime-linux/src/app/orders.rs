//! What the operator wants of real servers, kept in a file so that it outlives the daemon, and what the data plane is
//! asked for meanwhile.
//!
//! The file lies beside the pid file and has its name with the ending `orders`. It is one JSON object:
//! `{"version":1,"orders":[{"service":"[198.51.100.1]:tcp:80","server":"10.0.0.3:80","standing":"drained"}]}`. Without
//! orders there is no file.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tracing::{error, info, warn};

use super::Daemon;
use crate::perform::check::{self, Count, Counted, Meant, Order, Standing, Wish};

/// The form of the file that this version writes, and reads.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    orders: Vec<Order>,
}

/// Where orders are kept.
#[derive(Debug)]
pub(super) struct OrderFile {
    path: PathBuf,
    /// Somebody is being drained.
    pub(super) draining: bool,
    /// What could not be kept yet.
    owed: Option<Vec<Order>>,
}

impl OrderFile {
    pub(super) fn beside(pid_file: &Path) -> Self {
        Self { path: pid_file.with_extension("orders"), draining: false, owed: None }
    }

    /// What was wanted when the daemon ended. A file that cannot be used is put aside, so that somebody can look at
    /// it, and nothing is wanted.
    pub(super) fn load(&mut self) -> Vec<Order> {
        let path = self.path.display();
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                error!("{path}: cannot be read: {error}; servers that were drained take part again");
                return Vec::new();
            }
        };
        let reason = match serde_json::from_str(&text) {
            Ok(Written { version: VERSION, orders }) => {
                self.draining = is_draining(&orders);
                return orders;
            }
            Ok(Written { version, .. }) => format!("it has version {version}, this daemon reads {VERSION}"),
            Err(error) => error.to_string(),
        };
        let aside = self.path.with_extension("orders.damaged");
        let put = match fs::rename(&self.path, &aside) {
            Ok(()) => format!("it is {} now", aside.display()),
            Err(error) => format!("it stays: {error}"),
        };
        error!("{path}: cannot be used: {reason}; {put}; servers that were drained take part again");
        Vec::new()
    }

    /// Keeps what is wanted from now on, if not at once then as soon as that is possible.
    pub(super) fn save(&mut self, orders: Vec<Order>) {
        self.draining = is_draining(&orders);
        let behind = self.owed.is_some();
        let path = self.path.display();
        match self.keep(&orders) {
            Ok(()) => {
                self.owed = None;
                if behind {
                    info!("{path}: drained servers and ordered weights are kept again");
                }
            }
            Err(error) => {
                if !behind {
                    warn!(
                        "{path}: {error}: drained servers and ordered weights would not outlive the daemon; it is tried \
                         again every second"
                    );
                }
                self.owed = Some(orders);
            }
        }
    }

    /// Tries again to keep what could not be kept.
    pub(super) fn catch_up(&mut self) {
        if let Some(orders) = self.owed.clone() {
            self.save(orders);
        }
    }

    /// Whether there is something to be looked after every second.
    pub(super) fn is_at_work(&self) -> bool {
        self.draining || self.owed.is_some()
    }

    fn keep(&self, orders: &[Order]) -> io::Result<()> {
        if orders.is_empty() {
            let gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
            return fs::remove_file(&self.path)
                .or_else(|error| if gone(&error) { Ok(()) } else { Err(error) });
        }
        let new = self.path.with_extension("orders.new");
        let kept = replace(&self.path, &new, orders);
        if kept.is_err() {
            // Half a file is of no use, and in the way of the next.
            let _ = fs::remove_file(&new);
        }
        kept
    }
}

/// Whoever reads the file finds the old one or the new one, also after a power failure.
fn replace(path: &Path, new: &Path, orders: &[Order]) -> io::Result<()> {
    let mut file = File::create(new)?;
    serde_json::to_writer(&file, &Written { version: VERSION, orders: orders.to_vec() })?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(new, path)
}

fn is_draining(orders: &[Order]) -> bool {
    orders.iter().any(|order| matches!(order.standing, Standing::Draining { .. }))
}

impl Daemon {
    /// Hands a wish of the operator to the checks.
    pub(super) async fn obey(&mut self, meant: Meant, wish: Wish) -> Value {
        let (reply, answer) = oneshot::channel();
        self.checker.send(check::Command::Obey { meant, wish, reply });
        match answer.await {
            Ok(Ok(lines)) => json!({ "done": lines }),
            Ok(Err(error)) => json!({ "error": error }),
            Err(_) => json!({ "error": "the checks have ended" }),
        }
    }

    /// Keeps what could not be kept, and tells the checks how many connections every real server has.
    pub(super) fn look_after_orders(&mut self) {
        self.orders.catch_up();
        if !self.orders.draining {
            return;
        }
        let Some(status) = self.services.status() else { return };
        let counted: Counted = (status.services.iter())
            .map(|service| {
                let destinations = service.destinations.iter().map(|one| {
                    let connections = u64::from(one.active) + u64::from(one.inactive);
                    (one.address, Count { weight: one.weight, connections })
                });
                (service.key, destinations.collect())
            })
            .collect();
        self.checker.send(check::Command::Counted(counted));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(standing: Standing) -> Order {
        Order {
            service: "[198.51.100.1]:tcp:80".to_owned(),
            server: "10.0.0.3:80".parse().unwrap(),
            weight: Some(7),
            standing,
        }
    }

    #[test]
    fn what_is_saved_is_loaded_and_nothing_wanted_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let pid_file = folder.path().join("x.pid");
        let orders = vec![order(Standing::Draining { until_ms: Some(5) }), order(Standing::Drained)];
        let mut file = OrderFile::beside(&pid_file);
        assert_eq!(file.load(), []);
        file.save(orders.clone());
        assert_eq!(
            fs::read_to_string(folder.path().join("x.orders")).unwrap(),
            "{\"version\":1,\"orders\":[{\"service\":\"[198.51.100.1]:tcp:80\",\"server\":\"10.0.0.3:80\",\"weight\":7,\
             \"standing\":{\"draining\":{\"until_ms\":5}}},{\"service\":\"[198.51.100.1]:tcp:80\",\"server\":\
             \"10.0.0.3:80\",\"weight\":7,\"standing\":\"drained\"}]}\n"
        );
        let mut next = OrderFile::beside(&pid_file);
        assert_eq!((next.load(), next.draining), (orders, true));
        next.save(Vec::new());
        next.save(Vec::new());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_damaged_file_is_put_aside_and_nothing_is_wanted() {
        for text in ["{\"version\":1,\"orders\":[{\"serv", "", "{\"version\":2,\"orders\":[]}", "\0\0"] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("x.orders"), text).unwrap();
            assert_eq!(OrderFile::beside(&folder.path().join("x.pid")).load(), []);
            assert_eq!(fs::read_to_string(folder.path().join("x.orders.damaged")).unwrap(), text);
            assert!(!folder.path().join("x.orders").exists());
        }
    }
}
