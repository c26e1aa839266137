//! `global_defs`: the daemon on the system bus.

/// What is said of D-Bus.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dbus {
    /// `enable_dbus`.
    pub enabled: bool,
    /// `dbus_service_name`.
    pub name: Option<String>,
}

impl Dbus {
    /// The name to have on the bus; none where the daemon is not to be there.
    pub fn name(&self) -> Option<&str> {
        self.enabled.then(|| self.name.as_deref().unwrap_or(Self::USUAL_NAME))
    }

    /// The name where nobody says another.
    pub const USUAL_NAME: &str = "org.keepalived.Vrrp1";
}
