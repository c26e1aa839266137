//! A configuration that has something for every table about routers, and nothing that keepalived and we take otherwise.

/// How many routers become Active.
pub(super) const ROUTERS: usize = 4;

pub(super) const TEXT: &str = r#"
global_defs {
    router_id rich_router
    notification_email {
        admin@example.net
        night@example.net
    }
    notification_email_from steadfast@example.net
    smtp_server 192.0.2.25 2525
    smtp_connect_timeout 7
    smtp_alert_checker off
    no_email_faults
    enable_snmp_vrrp
    enable_snmp_rfc
    enable_traps
    snmp_socket unix:/run/agentx
    vrrp_version 2
}
static_ipaddress {
    198.51.100.77/24 brd 198.51.100.255 dev eth1
    2001:db8:7::1/64 dev eth1
}
static_routes {
    203.0.113.0/25 via 198.51.100.1 dev eth1 metric 7
    2001:db8:8::/48 via fe80::9 dev eth0 metric 3 expires 300
    203.0.113.128/26 dev eth1 scope link table 9
}
static_rules {
    from 192.0.2.0/24 table 300 priority 901
    l3mdev priority 902
    to 203.0.113.0/24 table 77 priority 903 suppress_ifgroup 5 tunnel-id 77 realms 2/1
    fwmark 3 unreachable priority 905
    fwmark 4 nop priority 906
}
track_file NUMBER {
    file /run/number
    weight 2 reverse
}
vrrp_track_process NONE {
    process steadfast-no-such-process 1000
    param_match partial
    weight 5
    quorum 2
    quorum_max 3
    fork_delay 0.5
    terminate_delay 0.25
}
vrrp_script GOOD {
    script "/usr/bin/true yes"
    interval 1
    weight 3
    rise 2
    fall 3
}
vrrp_script SLOW {
    script "/usr/bin/sleep 100"
    interval 200
    weight -4 reverse
}
vrrp_sync_group BOTH {
    group {
        ONE
        TWO
    }
    track_interface {
        eth0
    }
    track_script {
        GOOD weight 0
    }
    notify_master "/usr/bin/true group master"
    notify_backup /usr/bin/true
    notify_fault /usr/bin/true
    notify_stop /usr/bin/true
    notify /usr/bin/true
    smtp_alert
}
vrrp_instance ONE {
    state MASTER
    interface eth0
    virtual_router_id 51
    priority 110
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass secret
    }
    virtual_ipaddress {
        192.0.2.10/24 brd + label eth0:one
        192.0.2.11 dev eth1 scope link
        192.0.2.12 peer 192.0.2.13
    }
    virtual_ipaddress_excluded {
        2001:db8::10/64
        192.0.2.14/28
    }
    virtual_routes {
        198.18.0.0/25 via 192.0.2.1 dev eth0 src 192.0.2.65 table 100 metric 5 mtu lock 1400 advmss 1300 hoplimit 40 rtt 300ms rttvar 400ms window 10000 cwnd lock 10 ssthresh 30 reordering 4 rto_min 200ms initcwnd 12 initrwnd 14 features ecn quickack 1 congctl cubic realms 3/4 tos 8
        unreachable 198.18.1.0/25
        198.18.0.128/26 nexthop via 192.0.2.1 dev eth0 weight 3 nexthop via 198.51.100.2 dev eth1 weight 5 onlink
        2001:db8:9::/48 via fe80::1 dev eth0 pref high
    }
    virtual_rules {
        from 192.0.2.10/32 to 198.51.100.0/24 table 100 tos 16 fwmark 7/255 iif eth0 priority 1001
        not from 192.0.2.11 oif eth1 goto 2000 priority 1002
        to 2001:db8::/32 blackhole priority 1003
        fwmark 9 suppress_prefixlength 3 table 200 priority 1004 uidrange 1-5
    }
    track_interface {
        eth1
    }
    notify_master "/usr/bin/true a c"
    notify_backup /usr/bin/true
    notify_fault /usr/bin/true
    notify_stop /usr/bin/true
    notify_deleted /usr/bin/true
    notify_master_rx_lower_pri /usr/bin/true
    notify /usr/bin/true
    smtp_alert
    garp_master_delay 6
    promote_secondaries
}
vrrp_instance TWO {
    interface eth1
    virtual_router_id 52
    priority 90
    advert_int 1
    nopreempt
    virtual_ipaddress {
        198.51.100.20
    }
    unicast_src_ip 198.51.100.66
    unicast_peer {
        198.51.100.67
    }
}
vrrp_instance SIX {
    state BACKUP
    interface eth1
    virtual_router_id 53
    version 3
    priority 120
    advert_int 0.5
    preempt_delay 3
    use_vmac
    virtual_ipaddress {
        fe80::53
        2001:db8:1::53/64
    }
    track_interface {
        eth0 weight 10
    }
    track_script {
        GOOD
        SLOW weight -2 reverse
    }
    track_file {
        NUMBER weight 7 reverse
    }
    track_process {
        NONE weight 4
    }
}
vrrp_instance THREE {
    interface eth0
    virtual_router_id 54
    version 3
    priority 255
    state MASTER
    mcast_dst_ip 224.0.0.200
    virtual_ipaddress {
        192.0.2.30
        192.0.2.29
    }
}
"#;
