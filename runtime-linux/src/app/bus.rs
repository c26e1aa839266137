//! The daemon on the system bus: what it shows there, and what others ask of it.

use std::sync::Arc;

use tracing::info;

use super::{Daemon, Dump};
use crate::config::model::{Global, Instance};
use crate::dbus::{Asked, Place, Request};
use crate::driver::Command;

impl Daemon {
    /// Brings the bus to this configuration.
    pub(super) fn apply_to_bus(&mut self, global: &Global, instances: &[Arc<Instance>]) {
        let place = || Place::new(self.run.namespace.as_deref(), global.instance.as_deref());
        self.dbus.apply(global.dbus.name(), place, instances, |name| self.routers.phase(name));
    }

    /// Does what somebody on the bus asks for.
    pub(super) async fn do_asked(&mut self, Asked { request, done }: Asked) {
        match request {
            Request::PrintData => {
                info!("writes the state because somebody on the bus asks for it");
                self.dump(Dump::State).await;
            }
            Request::PrintStatistics => {
                info!("writes the counters because somebody on the bus asks for it");
                self.dump(Dump::Statistics).await;
            }
            Request::PrintStatisticsThenZero => {
                info!("writes and clears the counters because somebody on the bus asks for it");
                self.dump(Dump::StatisticsThenZero).await;
            }
            Request::Reload => {
                self.reload().await;
                self.services.begin_round();
            }
            Request::Announce(name) => {
                info!("({name}) announces its addresses because somebody on the bus asks for it");
                self.tell(Command::Announce(name)).await;
            }
        }
        // Who asked may have gone.
        let _ = done.send(());
    }
}
