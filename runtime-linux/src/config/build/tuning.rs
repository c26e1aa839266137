//! Words that tune the VRRP thread as a whole (keepalived.md 2.2 to 2.4).

use core::time::Duration;

use super::garp::gap;
use super::global::set;
use super::{blocks, each};
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::keyword::Block;
use crate::config::model::{
    AutoPriority, BufferPolicy, Gaps, LinkDelay, NetlinkBuffer, PaceGroup, ReceiveBuffer, Tuning,
};
use crate::config::text::Token;
use crate::config::tree::Node;
use crate::config::value::{self, Values, wrong};

/// What `global_defs` says of it, before words that belong together have met.
#[derive(Debug, Default)]
pub(super) struct Said {
    policy: Option<BufferPolicy>,
    multiplier: Option<u32>,
    request: Buffer,
    monitor: Buffer,
    most: Option<u8>,
    delay: Option<Duration>,
}

/// What is said of one netlink socket.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Buffer {
    bytes: Option<u32>,
    force: bool,
}

impl Buffer {
    /// Reads `…_rcv_bufs` and `…_rcv_bufs_force`.
    pub(super) fn read(&mut self, force: bool, values: &mut Values<'_, '_>) {
        if force {
            set(&mut self.force, values.boolean());
        } else {
            self.bytes = values.number(1..=i32::MAX.unsigned_abs()).or(self.bytes);
        }
    }

    pub(super) fn complete(self) -> Option<NetlinkBuffer> {
        self.bytes.map(|bytes| NetlinkBuffer { bytes, force: self.force })
    }
}

impl Said {
    /// Reads a word of `global_defs`; false if it is another.
    pub(super) fn read(
        &mut self,
        word: &str,
        node: &Node,
        tuning: &mut Tuning,
        diagnostics: &mut Diagnostics,
    ) -> bool {
        if matches!(word, "vrrp_garp_interval" | "vrrp_gna_interval") {
            let arp = word == "vrrp_garp_interval";
            let Gaps { arp: between_arp, ndisc } = &mut tuning.gaps;
            set(if arp { between_arp } else { ndisc }, gap(word, node, diagnostics));
            return true;
        }
        let mut values = Values::new(node, diagnostics);
        match word {
            "log_unknown_vrids" => set(&mut tuning.log_unknown_vrids, values.boolean()),
            "disable_local_igmp" => set(&mut tuning.no_local_reports, values.boolean()),
            "vrrp_rx_bufs_policy" => {
                if let Some(value) = values.required(0, POLICIES) {
                    values.no_more_than(1);
                    self.policy = policy(value, diagnostics).or(self.policy);
                }
            }
            "vrrp_rx_bufs_multiplier" => {
                self.multiplier = values.number(1..=u32::from(u16::MAX)).or(self.multiplier);
            }
            "vrrp_netlink_cmd_rcv_bufs" => self.request.read(false, &mut values),
            "vrrp_netlink_cmd_rcv_bufs_force" => self.request.read(true, &mut values),
            "vrrp_netlink_monitor_rcv_bufs" => self.monitor.read(false, &mut values),
            "vrrp_netlink_monitor_rcv_bufs_force" => self.monitor.read(true, &mut values),
            // keepalived's name where none is given: two daemons in one namespace need two names.
            "nftables" if node.values.is_empty() => "keepalived".clone_into(&mut tuning.closed_table.name),
            "nftables" => {
                if let Some(name) = values.word("the name of a table") {
                    tuning.closed_table.name = name;
                }
            }
            "nftables_priority" => {
                set(&mut tuning.closed_table.priority, values.number(i32::MIN..=i32::MAX));
            }
            // The rules count what they drop, and the sets have numbers of interfaces, without these words too.
            "nftables_counters" | "nftables_ifindex" => values.no_more_than(0),
            "max_auto_priority" if node.values.is_empty() => self.most = Some(GREATEST),
            "max_auto_priority" => {
                // -1 keeps keepalived from warning that it would be of use; there is no such warning here.
                if let Some(most) = values.number(-1..=99_i8) {
                    self.most = Some(u8::try_from(most).unwrap_or(0));
                }
            }
            "min_auto_priority_delay" => {
                let microseconds = values.number(1..=10_000_000_u64);
                self.delay = microseconds.map(Duration::from_micros).or(self.delay);
            }
            _ => return false,
        }
        true
    }

    /// Brings the words together.
    pub(super) fn complete(self, tuning: &mut Tuning) {
        let multiplier = self.multiplier.unwrap_or(3);
        tuning.receive_buffer = self.policy.map(|policy| ReceiveBuffer { policy, multiplier });
        tuning.request_buffer = self.request.complete();
        tuning.monitor_buffer = self.monitor.complete();
        let delay = self.delay.unwrap_or(Duration::from_secs(1));
        let most = self.most.filter(|most| *most > 0);
        tuning.auto_priority = most.map(|most| AutoPriority { most, delay });
    }
}

fn policy(value: &Token, diagnostics: &mut Diagnostics) -> Option<BufferPolicy> {
    let policy = match value.text.as_str() {
        "MTU" => Some(BufferPolicy::Mtu),
        "ADVERT" => Some(BufferPolicy::Advert),
        bytes => bytes.parse().ok().filter(|bytes| (1..=MOST_BYTES).contains(bytes)).map(BufferPolicy::Bytes),
    };
    if policy.is_none() {
        diagnostics.push(wrong(value, POLICIES).consequence("the line is ignored"));
    }
    policy
}

/// Reads the blocks at the root.
pub(super) fn read_blocks(nodes: &[Node], tuning: &mut Tuning, diagnostics: &mut Diagnostics) {
    let mut taken: Vec<&Token> = Vec::new();
    for node in blocks(nodes, "garp_group") {
        tuning.pace_groups.extend(pace_group(node, &mut taken, diagnostics));
    }
    for entry in blocks(nodes, "interface_up_down_delays").flat_map(Node::children) {
        let Some(delay) = link_delay(entry, diagnostics) else { continue };
        tuning.link_delays.retain(|other| other.interface != delay.interface);
        tuning.link_delays.push(delay);
    }
}

fn pace_group<'n>(
    node: &'n Node,
    taken: &mut Vec<&'n Token>,
    diagnostics: &mut Diagnostics,
) -> Option<PaceGroup> {
    let mut gaps = Gaps::default();
    let mut names: Vec<&'n Token> = Vec::new();
    let mut empty = true;
    each(node.children(), Block::GarpGroup, diagnostics, |word, node, diagnostics| {
        match word {
            "garp_interval" => set(&mut gaps.arp, gap(word, node, diagnostics)),
            "gna_interval" => set(&mut gaps.ndisc, gap(word, node, diagnostics)),
            "interface" => names.extend(Values::new(node, diagnostics).required(0, "an interface")),
            "interfaces" => names.extend(node.words()),
            _ => return false,
        }
        empty &= !matches!(word, "garp_interval" | "gna_interval");
        true
    });
    names.retain(|name| {
        let first = taken.iter().copied().find(|other| other.text == name.text);
        if let Some(first) = first {
            diagnostics.push(
                Diagnostic::new(&kind::DUPLICATE_NAME, format!("`{}` is in a garp_group already", name.text))
                    .at(name.span)
                    .related(first.span, "here")
                    .consequence("it stays there"),
            );
        } else {
            taken.push(*name);
        }
        first.is_none()
    });
    if names.is_empty() || empty {
        let missing = if empty { "garp_interval or gna_interval" } else { "interfaces" };
        diagnostics.push(
            Diagnostic::new(&kind::MISSING_WORD, format!("this garp_group has no {missing}"))
                .at(node.span())
                .consequence("it is left out"),
        );
        return None;
    }
    Some(PaceGroup { gaps, interfaces: names.iter().map(|name| name.text.to_string()).collect() })
}

/// `IFNAME DOWN [UP]`. keepalived's manual has the second as the first where it is absent, and so has this; its source
/// has 0 (keepalived.md 2.11).
fn link_delay(entry: &Node, diagnostics: &mut Diagnostics) -> Option<LinkDelay> {
    let expected = "seconds until it counts as down";
    let mut values = Values::new(entry, diagnostics);
    let first = values.required(0, expected)?;
    values.no_more_than(2);
    let down = value::seconds(first, &LONGEST_DELAY, diagnostics)?;
    let up = match entry.values.get(1) {
        Some(up) => value::seconds(up, &LONGEST_DELAY, diagnostics)?,
        None => down,
    };
    Some(LinkDelay { interface: entry.word.text.to_string(), down, up })
}

const POLICIES: &str = "MTU, ADVERT or a number of bytes";
/// The kernel counts in an `int`, and twice what is asked for.
const MOST_BYTES: u32 = i32::MAX.unsigned_abs() / 2;
/// `sched_get_priority_max(SCHED_RR)`.
const GREATEST: u8 = 99;
const LONGEST_DELAY: core::ops::RangeInclusive<f64> = 0.0..=255.0;
