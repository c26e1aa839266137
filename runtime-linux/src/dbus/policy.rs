//! What the system bus has to be told before it gives a daemon its name.

/// The policy for a service of this name, as a file of `/etc/dbus-1/system.d`: root may have the name and call everything;
/// everybody may look and read.
pub fn text(name: &str) -> String {
    let read = ["Introspectable", "Peer", "Properties"].map(|interface| {
        format!(
            "    <allow send_destination=\"{name}\" send_interface=\"org.freedesktop.DBus.{interface}\"/>\n"
        )
    });
    format!(
        "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN\"\n \
         \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n<busconfig>\n  <policy user=\"root\">\n    \
         <allow own=\"{name}\"/>\n    <allow send_destination=\"{name}\"/>\n  </policy>\n  \
         <policy context=\"default\">\n{}  </policy>\n</busconfig>\n",
        read.concat()
    )
}

/// Whether a service may be called so (D-Bus Specification, "Bus names").
pub fn is_bus_name(name: &str) -> bool {
    let is_element = |element: &str| {
        element.bytes().next().is_some_and(|first| !first.is_ascii_digit())
            && element.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    name.len() <= 255 && name.contains('.') && name.split('.').all(is_element)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_this() {
        assert_eq!(
            text("org.keepalived.Vrrp1"),
            r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <policy user="root">
    <allow own="org.keepalived.Vrrp1"/>
    <allow send_destination="org.keepalived.Vrrp1"/>
  </policy>
  <policy context="default">
    <allow send_destination="org.keepalived.Vrrp1" send_interface="org.freedesktop.DBus.Introspectable"/>
    <allow send_destination="org.keepalived.Vrrp1" send_interface="org.freedesktop.DBus.Peer"/>
    <allow send_destination="org.keepalived.Vrrp1" send_interface="org.freedesktop.DBus.Properties"/>
  </policy>
</busconfig>
"#
        );
    }

    #[test]
    fn a_name_has_elements_that_do_not_begin_with_digits() {
        for good in ["org.keepalived.Vrrp1", "a.b", "_a.b-c9"] {
            assert!(is_bus_name(good), "{good}");
        }
        for bad in [
            "",
            "x",
            ".a",
            "a.",
            "a..b",
            "a.1b",
            "a.b c",
            ":1.5",
            "a.b/c",
            "ä.b",
            &format!("a.{}", "b".repeat(254)),
        ] {
            assert!(!is_bus_name(bad), "{bad}");
        }
    }
}
