//! What a configuration asks for and this host cannot do.

use std::sync::Arc;

use tracing::error;

use crate::config::model::{Configuration, Tracked};
use crate::process::{self, Policy};

/// Takes the `vrrp_script`s out that cannot be started here, and with them whatever tracks them, as keepalived
/// does: a script that was never there says nothing about the service. Each is named with the reason.
pub(super) fn disable_missing_scripts(configuration: &mut Configuration) {
    let policy = Policy::from(&configuration.global);
    configuration.scripts.retain(|script| {
        let Err(reason) = process::validate(&script.script, &policy) else { return true };
        error!("Script `{}` cannot run and is not tracked: {reason}", script.name);
        false
    });
    let known: Vec<&str> = configuration.scripts.iter().map(|script| script.name.as_str()).collect();
    let is_known = |tracked: &Tracked| known.contains(&tracked.name.as_str());
    for instance in &mut configuration.instances {
        if !instance.track_scripts.iter().all(is_known) {
            Arc::make_mut(instance).track_scripts.retain(is_known);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn a_script_that_is_not_there_moves_no_priority_and_one_that_is_does() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keepalived.conf");
        let text = r#"
vrrp_script missing { script "/no/such/check" }
vrrp_script present { script "/bin/true" }
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 1
    virtual_ipaddress { 192.0.2.1 }
    track_script {
        missing
        present
    }
}
"#;
        std::fs::write(&path, text).unwrap();
        let mut configuration = config::load(&path, &config::Options::default()).configuration.unwrap();
        disable_missing_scripts(&mut configuration);
        let tracked: Vec<&str> =
            configuration.instances[0].track_scripts.iter().map(|tracked| tracked.name.as_str()).collect();
        assert_eq!(tracked, ["present"]);
        assert_eq!(configuration.scripts.len(), 1);
    }
}
