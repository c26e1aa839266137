//! What keepalived and we answer to a walk over the objects of virtual servers, with the same configuration.

use core::time::Duration;
use std::thread;

use runtime_linux::lab::Node;

use crate::comparison::{self, Difference, Objects, compare, values};
use crate::director::Director;
use crate::machine;
use crate::master::{Master, wait, walk};

#[test]
#[ignore = "needs the IPVS virtual machine, keepalived and snmpd"]
fn the_objects_of_services_are_those_of_keepalived_but_for_what_is_listed() {
    machine::inside(|| {
        let directors = [
            || Director::keepalived(Node::new("keepalived").unwrap()),
            || Director::steadfast(Node::new("steadfast").unwrap()),
        ];
        let [theirs, ours] = directors
            .map(|director| thread::spawn(move || objects(director())))
            .map(|life| life.join().unwrap());
        assert!(theirs.len() > 500, "{theirs:#?}");
        let complaints = compare(&theirs, &ours, DIFFERENCES);
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    });
}

/// Starts a director and asks it for everything once its checks have found out what they can.
fn objects(mut director: Director) -> Objects {
    director.node.add_address("lo", "192.0.2.10/32").unwrap();
    let _master = Master::start(&director.node);
    director.start(TEXT);
    // What is up and what is down, and a quorum.
    let settled = || {
        let values =
            |name| walk(&director.node, name).into_iter().filter(|line| line.contains(" = INTEGER: 2"));
        let down: Vec<String> = values("1.3.6.1.4.1.9586.100.5.3.4.1.6").collect();
        down == ["K.3.4.1.6.1.3 = INTEGER: 2"] && values("1.3.6.1.4.1.9586.100.5.3.3.1.23").next().is_none()
    };
    wait(|| format!("{}{}", director.name(), director.log()), settled);
    // What one of us keeps for a second.
    thread::park_timeout(Duration::from_millis(1_500));
    let objects = comparison::objects(walk(&director.node, "1.3.6.1.4.1.9586.100.5"));
    director.stop();
    objects
}

/// The reasons in full are at `snmp::mib`.
const DIFFERENCES: &[Difference] = &[
    values("K.1.1.0", "*", "STRING: \"steadfast 0.1.0\"", "it is who we are"),
    values("K.1.10.0", "INTEGER: 2", "INTEGER: 1", "interfaces may always come and go"),
    values("K.3.3.1.51.*", "Gauge32: 4294967295", "nothing", "the mask of IPv4 is no prefix length"),
];

const TEXT: &str = "
global_defs {
    router_id director
    enable_snmp_checker
    snmp_socket unix:/run/agentx
    lvs_flush
    lvs_timeouts tcp 900 tcpfin 120 udp 300
    smtp_alert
    smtp_alert_checker false
    no_email_faults
}
virtual_server_group WEB {
    192.0.2.20 80
    192.0.2.30-33 8080
    fwmark 7
}
virtual_server_group IDLE {
    192.0.2.120 80
}
virtual_server 192.0.2.10 80 {
    delay_loop 3.5
    lb_algo wrr
    lb_kind NAT
    protocol TCP
    persistence_timeout 60
    persistence_granularity 255.255.255.0
    virtualhost www.example.net
    ha_suspend
    alpha
    omega
    quorum 2
    hysteresis 1
    quorum_up \"/usr/bin/true up\"
    quorum_down /usr/bin/true
    retry 4
    delay_before_retry 2
    warmup 1.5
    connect_timeout 2
    weight 5
    inhibit_on_failure
    smtp_alert true
    snmp_name first_service
    sorry_server 192.0.2.66 8000
    real_server 127.0.0.1 80 {
        weight 3
        uthreshold 100
        lthreshold 50
        inhibit_on_failure
        notify_up /usr/bin/true
        notify_down \"/usr/bin/true down\"
        snmp_name first_real
        virtualhost real.example.net
        alpha false
        retry 2
        delay_before_retry 1.5
        warmup 2
        delay_loop 4
        smtp_alert true
    }
    real_server 127.0.0.2 81 {
        TCP_CHECK {
            connect_port 9
        }
    }
}
virtual_server 192.0.2.10 53 {
    lb_algo sh
    lb_kind DR
    protocol UDP
    ops
    sh-port
    sh-fallback
    real_server 192.0.2.101 53 {
    }
}
virtual_server 2001:db8::10 443 {
    lb_algo mh
    mh-port
    lb_kind TUN
    protocol TCP
    persistence_timeout 600
    persistence_granularity 64
    real_server 2001:db8::101 443 {
        lvs_method TUN type gue port 6080 csum
    }
    real_server 2001:db8::102 443 {
        lvs_method TUN type gre
    }
    real_server 2001:db8::103 443 {
    }
}
virtual_server fwmark 9 {
    lb_algo rr
    lb_kind NAT
    real_server 192.0.2.101 0 {
    }
}
virtual_server group WEB {
    lb_algo fo
    lb_kind NAT
    protocol TCP
    real_server 192.0.2.102 80 {
        lvs_method DR
    }
}
";
