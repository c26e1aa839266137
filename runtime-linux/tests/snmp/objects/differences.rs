//! Where our objects differ from keepalived's on purpose; the reasons in full are at `snmp::mib`.

/// Objects that may differ.
pub(super) struct Difference {
    /// Their names; `*` is any number.
    pub(super) name: &'static str,
    how: How,
    why: &'static str,
}

enum How {
    /// In these values, keepalived's first; `nothing` where there is no such object, and `*` is any value.
    Values(&'static str, &'static str),
    /// In numbers of the same syntax.
    Numbers,
}

impl Difference {
    pub(super) fn is_of(&self, name: &str) -> bool {
        let mut numbers = name.split('.');
        let mut own = self.name.split('.');
        own.by_ref().all(|own| numbers.next().is_some_and(|number| own == "*" || own == number))
            && numbers.next().is_none()
    }

    pub(super) fn explains(&self, theirs: &str, ours: &str) -> bool {
        assert!(!self.why.is_empty());
        match self.how {
            How::Values(their, our) => {
                [(their, theirs), (our, ours)].iter().all(|(listed, value)| *listed == "*" || listed == value)
            }
            How::Numbers => syntax(theirs).is_some() && syntax(theirs) == syntax(ours),
        }
    }
}

fn syntax(value: &str) -> Option<&str> {
    value.split_once(": ").map(|(syntax, _)| syntax)
}

const fn values(
    name: &'static str,
    theirs: &'static str,
    ours: &'static str,
    why: &'static str,
) -> Difference {
    Difference { name, how: How::Values(theirs, ours), why }
}

const fn numbers(name: &'static str, why: &'static str) -> Difference {
    Difference { name, how: How::Numbers, why }
}

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
