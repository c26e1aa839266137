//! Configurations of many instances, for any daemon that reads a keepalived.conf.

use core::fmt::Write as _;

/// Virtual routers per segment.
pub(crate) const PER_SEGMENT: usize = 250;

/// `count` instances over as many segments as they need, one address each.
pub(crate) fn many(count: usize, priority: u8, interval: &str) -> String {
    let mut text = head();
    for number in 0..count {
        text += &instance(number, priority, interval, &[address(number)]);
    }
    text
}

/// What stands before the instances.
pub(crate) fn head() -> String {
    "global_defs {\n    router_id scale\n    script_user root\n    enable_script_security\n}\n".to_owned()
}

/// Instance `number` on its segment.
pub(crate) fn instance(number: usize, priority: u8, interval: &str, addresses: &[String]) -> String {
    let (segment, vrid) = place(number);
    let mut text = format!(
        "vrrp_instance VI_{number} {{\n    state BACKUP\n    interface e{segment}\n    virtual_router_id {vrid}\n    \
         priority {priority}\n    advert_int {interval}\n    version 3\n    virtual_ipaddress {{\n"
    );
    for address in addresses {
        writeln!(text, "        {address}/32").unwrap();
    }
    text + "    }\n}\n"
}

/// The address of instance `number`.
pub(crate) fn address(number: usize) -> String {
    format!("198.19.{}.{}", number / 250, number % 250 + 1)
}

/// Segment and VRID of instance `number`.
pub(crate) fn place(number: usize) -> (usize, usize) {
    (number / PER_SEGMENT, number % PER_SEGMENT + 1)
}

/// How many segments `count` instances need.
pub(crate) fn segments(count: usize) -> usize {
    count.div_ceil(PER_SEGMENT)
}
