//! Where our objects of routers differ from keepalived's on purpose; the reasons in full are at `snmp::mib`.

use super::comparison::{Difference, numbers, values};

pub(super) const DIFFERENCES: &[Difference] = &[
    values("K.1.1.0", "*", "STRING: \"steadfast 0.1.0\"", "it is who we are"),
    values("K.1.10.0", "INTEGER: 2", "INTEGER: 1", "interfaces may always come and go"),
    values("K.2.1.1.10.*", "INTEGER: 2", "INTEGER: 1", "weights always count for a whole group"),
    values("K.2.6.1.11.*.*", "INTEGER: 2", "INTEGER: 1", "keepalived looks at the first instance only"),
    values("K.2.7.1.18.*.*", "INTEGER: 19", "INTEGER: 112", "the MIB has a number for keepalived"),
    values("K.2.12.1.3.*.*", "INTEGER: 2", "INTEGER: 7", "keepalived tells the weight of the definition"),
    values("K.2.20.1.3.*.*", "INTEGER: 5", "INTEGER: 4", "the same of processes"),
    values("M.68.1.3.1.*.*.52", "nothing", "*", "keepalived has the first row only"),
    values("M.68.2.4.1.*.*.52", "nothing", "*", "the same of counters"),
    values("M.68.1.3.1.7.*.51", "IpAddress: 0.0.0.0", "IpAddress: 192.0.2.65", "it is the master itself"),
    numbers("M.68.1.3.1.13.*.51", "keepalived does not count from where the router started"),
    numbers("M.207.1.1.1.1.12.*.*.*", "they did not start at once"),
    values("M.207.1.2.5.1.2.*.54.1", "INTEGER: 2", "INTEGER: 1", "an owner has preempted nobody"),
    numbers("M.68.1.3.1.2.*.51", "link addresses are drawn"),
    numbers("M.207.1.1.1.1.5.*.*.1", "the same"),
    numbers("M.207.1.1.1.1.3.*.53.2", "and link-local addresses are made of them"),
    numbers("M.207.1.1.1.1.4.*.53.2", "the same"),
];
