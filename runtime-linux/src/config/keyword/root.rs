//! Words outside every block, and those of the definitions that stand there (keepalived.md 2.2, 2.4).

use super::Block as B;
use super::Class::{Common, Essential, Old, Rare};
use super::Takes::{Block, List, Values};
use super::{Word, alias, built, needless};

pub(super) const ROOT: &[Word] = &[
    built(Essential, "global_defs", Block(B::Global)),
    built(Essential, "vrrp_instance", Block(B::Instance)),
    built(Essential, "vrrp_sync_group", Block(B::SyncGroup)),
    built(Essential, "vrrp_script", Block(B::Script)),
    built(Essential, "virtual_server", Block(B::VirtualServer)),
    built(Common, "virtual_server_group", List),
    built(Common, "static_ipaddress", List),
    built(Common, "static_routes", List),
    built(Rare, "static_rules", List),
    built(Rare, "track_group", Block(B::TrackGroup)),
    built(Common, "track_file", Block(B::TrackFile)),
    alias(Old, "vrrp_track_file", "track_file", Block(B::TrackFile)),
    built(Common, "vrrp_track_process", Block(B::TrackProcess)),
    built(Rare, "bfd_instance", Block(B::BfdInstance)),
    built(Rare, "garp_group", Block(B::GarpGroup)),
    built(Rare, "interface_up_down_delays", List),
    needless(Rare, "linkbeat_interfaces", List, "the kernel tells of every change of a carrier"),
    needless(Rare, "linkbeat_use_polling", Values, "the kernel tells of every change of a carrier"),
    built(Rare, "SSL", Block(B::Ssl)),
    built(Common, "net_namespace", Values),
    built(Rare, "net_namespace_ipvs", Values),
    needless(Old, "namespace_with_ipsets", Values, "there are no ipsets"),
    built(Rare, "instance", Values),
    built(Rare, "use_pid_dir", Values),
    built(Rare, "child_wait_time", Values),
];

pub(super) const TRACK_GROUP: &[Word] = &[built(Rare, "group", List)];

pub(super) const SCRIPT: &[Word] = &[
    built(Essential, "script", Values),
    built(Essential, "interval", Values),
    built(Common, "timeout", Values),
    built(Essential, "weight", Values),
    built(Essential, "rise", Values),
    built(Essential, "fall", Values),
    built(Common, "user", Values),
    built(Rare, "init_fail", Values),
];

pub(super) const TRACK_PROCESS: &[Word] = &[
    built(Common, "process", Values),
    built(Rare, "param_match", Values),
    built(Rare, "full_command", Values),
    built(Common, "weight", Values),
    built(Rare, "quorum", Values),
    built(Rare, "quorum_max", Values),
    built(Rare, "delay", Values),
    built(Rare, "terminate_delay", Values),
    built(Rare, "fork_delay", Values),
];

pub(super) const TRACK_FILE: &[Word] =
    &[built(Common, "file", Values), built(Common, "weight", Values), built(Rare, "init_file", Values)];

pub(super) const BFD_INSTANCE: &[Word] = &[
    built(Rare, "neighbor_ip", Values),
    alias(Rare, "neighbour_ip", "neighbor_ip", Values),
    built(Rare, "source_ip", Values),
    built(Rare, "min_rx", Values),
    built(Rare, "min_tx", Values),
    built(Rare, "idle_tx", Values),
    built(Rare, "multiplier", Values),
    built(Rare, "passive", Values),
    built(Rare, "ttl", Values),
    alias(Rare, "hoplimit", "ttl", Values),
    built(Rare, "max_hops", Values),
    built(Rare, "multihop", Values),
    built(Rare, "weight", Values),
    built(Rare, "vrrp", Values),
    built(Rare, "checker", Values),
];

pub(super) const GARP_GROUP: &[Word] = &[
    built(Rare, "garp_interval", Values),
    built(Rare, "gna_interval", Values),
    built(Rare, "interface", Values),
    built(Rare, "interfaces", List),
];

pub(super) const SSL: &[Word] = &[
    built(Rare, "password", Values),
    built(Rare, "ca", Values),
    built(Rare, "certificate", Values),
    built(Rare, "key", Values),
];
