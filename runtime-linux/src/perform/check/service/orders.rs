//! What the operator wants of the servers of one virtual server.

use check_core::Server;
use check_core::pool::Duty;
use ipvs_core::ServiceKey;

use super::Served;
use crate::config::model::VirtualServer;
use crate::perform::check::order::{Order, Standing};

impl Served {
    /// Looks at what is wanted of its servers now; true if that is something else than last time.
    pub(in crate::perform::check) fn look_at_orders(&mut self) -> bool {
        let servers = self.config.real_servers.iter().zip(self.pool.servers());
        let orders: Vec<Order> = servers
            .filter(|(_, server)| server.ordered_weight().is_some() || !server.duty().serves())
            .map(|(real, server)| {
                let before = self.orders.iter().find(|order| order.server == real.address);
                Order {
                    service: identity(&self.config),
                    server: real.address,
                    weight: server.ordered_weight(),
                    standing: standing(before, server.duty()),
                }
            })
            .collect();
        let changed = orders != self.orders;
        self.orders = orders;
        changed
    }

    /// What was wanted when that was last looked at.
    pub(in crate::perform::check) fn orders(&self) -> &[Order] {
        &self.orders
    }
}

/// The duty on the wall clock. Worked out twice it differs by as much as the clocks do: what is nearly the same as
/// before is the same.
fn standing(before: Option<&Order>, duty: Duty) -> Standing {
    let now = Standing::of(duty);
    match (before.map(|order| order.standing), now) {
        (
            Some(old @ Standing::Draining { until_ms: Some(before) }),
            Standing::Draining { until_ms: Some(after) },
        ) if before.abs_diff(after) < 1_000 => old,
        _ => now,
    }
}

/// Gives the servers of a new virtual server the orders of before a restart.
pub(super) fn restore(config: &VirtualServer, servers: &mut [Server], orders: &[Order]) {
    if orders.is_empty() {
        return;
    }
    let service = identity(config);
    for (server, real) in servers.iter_mut().zip(&config.real_servers) {
        let order = orders.iter().find(|order| order.service == service && order.server == real.address);
        if let Some(order) = order {
            *server = server.with_orders(order.weight, order.standing.duty());
        }
    }
}

/// What a virtual server is called across restarts: a group by its name, whatever is in it.
fn identity(config: &VirtualServer) -> String {
    match (&config.group, config.service.key) {
        (None, key) => key.to_string(),
        (Some(group), ServiceKey::Address { protocol, .. }) => format!("group {group} {}", protocol.name()),
        (Some(group), ServiceKey::Mark { .. }) => format!("group {group}"),
    }
}
