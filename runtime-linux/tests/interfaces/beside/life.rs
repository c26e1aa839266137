//! What happens to routers one after the other, and what the FIFO says of it.

use runtime_linux::lab::Process;

use super::{FIRST, SECOND, reload, stop};
use crate::witness::Witness;

/// Something that happens.
#[derive(Clone, Copy)]
pub(super) struct Phase {
    pub(super) what: &'static str,
    pub(super) happens: fn(&Witness, &Process),
    /// What the FIFO says then, sorted by subject.
    pub(super) lines: &'static str,
    /// The FIFO alone is told.
    pub(super) quiet: bool,
    /// Why keepalived 2.2.7 says something else, and what.
    pub(super) different: Option<(&'static str, &'static str)>,
}

/// From a start to a stop.
pub(super) const LIFE: &[Phase] = &[
    Phase {
        what: "start",
        happens: |_, _| {},
        lines: r#"
            GROUP "G" BACKUP 0
            GROUP "G" MASTER 0
            INSTANCE "a" BACKUP 200
            INSTANCE "a" MASTER 200
            INSTANCE "b" BACKUP 200
            INSTANCE "b" MASTER 200
            INSTANCE "d" BACKUP 200
            INSTANCE "d" MASTER 200
            INSTANCE "e" BACKUP 200
            INSTANCE "e" MASTER 200
            INSTANCE "g1" BACKUP 200
            INSTANCE "g1" MASTER 200
            INSTANCE "g2" BACKUP 200
            INSTANCE "g2" MASTER 200
            INSTANCE "h" BACKUP 200
            INSTANCE "h" MASTER 200
            INSTANCE "x" BACKUP 200
            INSTANCE "x" MASTER 200"#,
        quiet: false,
        different: None,
    },
    Phase {
        what: "a link is lost",
        happens: |witness, _| witness.node.set_link("eth1", false).unwrap(),
        lines: r#"
            GROUP "G" FAULT 0
            INSTANCE "b" FAULT 200
            INSTANCE "g1" FAULT 200
            INSTANCE "g2" FAULT 200"#,
        quiet: false,
        different: None,
    },
    Phase {
        what: "it returns",
        happens: |witness, _| witness.node.set_link("eth1", true).unwrap(),
        lines: r#"
            GROUP "G" BACKUP 0
            GROUP "G" MASTER 0
            INSTANCE "b" BACKUP 200
            INSTANCE "b" MASTER 200
            INSTANCE "g1" BACKUP 200
            INSTANCE "g1" MASTER 200
            INSTANCE "g2" BACKUP 200
            INSTANCE "g2" MASTER 200"#,
        quiet: false,
        different: None,
    },
    Phase {
        what: "a lesser router is heard",
        happens: |witness, _| witness.advertise(51, 100, [198, 18, 0, 51]),
        lines: r#"INSTANCE "a" MASTER_RX_LOWER_PRI 200"#,
        quiet: false,
        different: None,
    },
    Phase {
        what: "a better router is heard, once",
        happens: |witness, _| witness.advertise(51, 250, [198, 18, 0, 51]),
        lines: r#"
            INSTANCE "a" BACKUP 200
            INSTANCE "a" MASTER 200"#,
        quiet: false,
        different: None,
    },
    Phase {
        what: "a better router than one of a group is heard, once",
        happens: |witness, _| witness.advertise(53, 250, [198, 18, 0, 53]),
        lines: r#"
            GROUP "G" BACKUP 0
            GROUP "G" MASTER 0
            INSTANCE "g1" BACKUP 200
            INSTANCE "g1" MASTER 200
            INSTANCE "g2" BACKUP 200
            INSTANCE "g2" MASTER 200"#,
        quiet: false,
        different: None,
    },
    Phase {
        what: "another router resigns",
        happens: |witness, _| witness.advertise(51, 0, [198, 18, 0, 51]),
        lines: "",
        quiet: false,
        different: None,
    },
    Phase {
        what: "the priority changes",
        happens: |witness, _| witness.node.install("/run/f", b"5", 0o644).unwrap(),
        lines: r#"INSTANCE "a" MASTER_PRIORITY 205"#,
        quiet: false,
        different: None,
    },
    Phase {
        what: "the same file is read again",
        happens: |witness, process| reload(witness, process, "", FIRST),
        lines: "",
        quiet: false,
        different: Some((
            "what tracks a file is told of as a Backup, though it is the MASTER and its priority what it was",
            r#"INSTANCE "a" BACKUP_PRIORITY 205"#,
        )),
    },
    Phase {
        what: "some go at a reload, and one comes",
        happens: |witness, process| reload(witness, process, "", SECOND),
        lines: r#"
            INSTANCE "d" DELETED 200
            INSTANCE "e" FAULT 200
            INSTANCE "h" DELETED 200
            INSTANCE "n" BACKUP 200
            INSTANCE "n" MASTER 200
            INSTANCE "x" FAULT 200"#,
        quiet: false,
        different: Some((
            "as above",
            r#"
            INSTANCE "a" BACKUP_PRIORITY 205
            INSTANCE "d" DELETED 200
            INSTANCE "e" FAULT 200
            INSTANCE "h" DELETED 200
            INSTANCE "n" BACKUP 200
            INSTANCE "n" MASTER 200
            INSTANCE "x" FAULT 200"#,
        )),
    },
    Phase {
        what: "the states are written at a reload",
        happens: |witness, process| reload(witness, process, "fifo_write_vrrp_states_on_reload", SECOND),
        lines: r#"
            GROUP "G" MASTER 0
            INSTANCE "a" MASTER 205
            INSTANCE "b" MASTER 200
            INSTANCE "g1" MASTER 200
            INSTANCE "g2" MASTER 200
            INSTANCE "n" MASTER 200"#,
        quiet: true,
        different: Some((
            "2.2.7 writes groups only; keepalived.conf(5) promises all states",
            r#"
            GROUP "G" MASTER 0
            INSTANCE "a" BACKUP_PRIORITY 205"#,
        )),
    },
    Phase {
        what: "stop",
        happens: |_, process| stop(process),
        lines: r#"
            GROUP "G" STOP 0
            INSTANCE "a" STOP 205
            INSTANCE "b" STOP 200
            INSTANCE "g1" STOP 200
            INSTANCE "g2" STOP 200
            INSTANCE "n" STOP 200"#,
        quiet: false,
        different: None,
    },
];

/// With a link that is down from the start to the stop, and no mail about faults.
pub(super) const SECOND_LIFE: &[Phase] = &[
    Phase {
        what: "start in fault",
        happens: |_, _| {},
        lines: r#"
            GROUP "G" FAULT 0
            INSTANCE "a" BACKUP 200
            INSTANCE "a" MASTER 200
            INSTANCE "b" FAULT 200
            INSTANCE "g1" BACKUP 200
            INSTANCE "g1" FAULT 200
            INSTANCE "g2" FAULT 200
            INSTANCE "n" BACKUP 200
            INSTANCE "n" MASTER 200"#,
        quiet: false,
        different: Some((
            "a member of a group starts on its own, and falls with the group at once",
            r#"
            GROUP "G" FAULT 0
            INSTANCE "a" BACKUP 200
            INSTANCE "a" MASTER 200
            INSTANCE "b" FAULT 200
            INSTANCE "g1" FAULT 200
            INSTANCE "g2" FAULT 200
            INSTANCE "n" BACKUP 200
            INSTANCE "n" MASTER 200"#,
        )),
    },
    Phase {
        what: "the priority changes again",
        happens: |witness, _| witness.node.install("/run/f", b"7", 0o644).unwrap(),
        lines: r#"INSTANCE "a" MASTER_PRIORITY 207"#,
        quiet: false,
        different: None,
    },
    Phase {
        what: "stop in fault",
        happens: |_, process| stop(process),
        lines: r#"
            GROUP "G" STOP 0
            INSTANCE "a" STOP 207
            INSTANCE "b" STOP 200
            INSTANCE "g1" STOP 200
            INSTANCE "g2" STOP 200
            INSTANCE "n" STOP 200"#,
        quiet: false,
        different: None,
    },
];
