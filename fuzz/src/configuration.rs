//! The configuration file.

use std::path::Path;

use runtime_linux::config::{Options, load_text};

/// Any bytes as `keepalived.conf`: read, complained about in every form, and never more than complained about.
pub fn configuration(bytes: &[u8]) {
    let options = Options { config_id: Some("host".to_owned()), ..Options::default() };
    let loaded = load_text(Path::new("fuzzed.conf"), bytes, &options);
    let complaints = loaded.diagnostics.iter().count();
    assert_eq!(loaded.diagnostics.lines().count(), complaints);
    assert_eq!(loaded.configuration.is_none(), loaded.diagnostics.is_fatal());
    let report = loaded.diagnostics.render(false);
    assert!(complaints == 0 || !report.is_empty());
    assert!(loaded.diagnostics.json().is_object() || loaded.diagnostics.json().is_array());
    if let Some(configuration) = &loaded.configuration {
        for instance in &configuration.instances {
            assert!(!instance.name.is_empty());
        }
    }
}
