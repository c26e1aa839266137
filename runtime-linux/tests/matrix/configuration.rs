//! The keepalived.conf of one side of a cell.

use core::fmt::Write;

use crate::cell::{Authentication, Cell, Preempt, Transport, Vmac};
use crate::program::Program;

/// What `side` of `cell` is told, in the language that steadfast and keepalived share.
pub(crate) fn keepalived(cell: &Cell, side: usize, program: Program) -> String {
    let mut text =
        format!("global_defs {{\n    router_id side{side}\n    vrrp_version {}\n}}\n", cell.version);
    for (link, vrid) in cell.vrids().iter().enumerate() {
        let state = if cell.priority(side) == 255 { "MASTER" } else { "BACKUP" };
        write!(
            text,
            "vrrp_instance r{link} {{\n    interface eth{link}\n    state {state}\n    virtual_router_id {vrid}\n    \
             priority {}\n    advert_int {}\n",
            cell.priority(side),
            cell.interval(side).as_secs_f64(),
        )
        .unwrap();
        text += &flag(cell.beside && program == Program::Steadfast, "version both");
        text += &flag(cell.vmac[side] != Vmac::No, "use_vmac");
        text += &flag(cell.vmac[side] == Vmac::XmitBase, "vmac_xmit_base");
        match cell.preempt {
            Preempt::Never => text += "    nopreempt\n",
            // Only for a router that would preempt.
            Preempt::After(seconds) if side == 0 => writeln!(text, "    preempt_delay {seconds}").unwrap(),
            Preempt::AtOnce | Preempt::After(_) => (),
        }
        match cell.authentication {
            Authentication::None => (),
            Authentication::Pass => text += &authentication("PASS"),
            Authentication::Ah => text += &authentication("AH"),
        }
        match cell.transport {
            Transport::Multicast => (),
            Transport::Unicast => writeln!(
                text,
                "    unicast_src_ip {}\n    unicast_peer {{\n        {}\n    }}",
                cell.own_address(side, link),
                cell.own_address(1 - side, link),
            )
            .unwrap(),
        }
        writeln!(
            text,
            "    virtual_ipaddress {{\n        {}\n    }}\n}}",
            cell.addresses(link).join("\n        ")
        )
        .unwrap();
    }
    if cell.group {
        text += "vrrp_sync_group both {\n    group {\n        r0\n        r1\n    }\n}\n";
    }
    text
}

fn flag(set: bool, word: &str) -> String {
    if set { format!("    {word}\n") } else { String::new() }
}

fn authentication(kind: &str) -> String {
    format!("    authentication {{\n        auth_type {kind}\n        auth_pass matrix\n    }}\n")
}
