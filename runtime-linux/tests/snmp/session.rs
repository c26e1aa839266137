//! The session with a master agent that lives, dies and comes back.

use runtime_linux::lab::{self, Daemon, Node, Switch};

use crate::master::{Master, PATIENCE, ask, wait, walk};

#[test]
#[ignore = "needs snmpd"]
fn objects_are_told_as_long_as_there_is_a_master_agent_and_again_when_it_comes_back() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let node = Node::new("host").unwrap();
        node.link_to(&switch, "eth0", &["198.18.0.1/24"]).unwrap();
        let daemon = Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into());
        let process = daemon.start(&node, CONFIGURATION.as_bytes(), false).unwrap();
        let absent = "SNMP: no session with the master agent at unix:/run/agentx: No such file or directory";
        process.wait_for(absent, PATIENCE).unwrap_or_else(|| panic!("{:?}", process.log()));
        let mut master = Master::start(&node);
        let get = |object| ask(&node, "snmpget", "public", &[object]);
        let router_id = || get("1.3.6.1.4.1.9586.100.5.1.2.0");
        let there = ["K.1.2.0 = STRING: \"R1\""];
        wait(|| format!("{:?}", process.log()), || router_id() == there);
        assert_eq!(
            get("1.3.6.1.4.1.9586.100.5.1.99.0"),
            ["K.1.99.0 = No Such Object available on this agent at this OID"]
        );
        let set = ask(&node, "snmpset", "private", &["1.3.6.1.4.1.9586.100.5.1.2.0", "s", "x"]);
        assert_eq!(set[1], "Reason: notWritable (That object does not support modification)", "{set:?}");
        // In one go and object by object it is the same, and in order.
        let one = walk(&node, "1.3.6.1.4.1.9586.100.5");
        let many = ask(&node, "snmpbulkwalk", "public", &["1.3.6.1.4.1.9586.100.5"]);
        let names = |lines: &[String]| -> Vec<String> {
            lines.iter().filter_map(|line| Some(line.split_once(" = ")?.0.to_owned())).collect()
        };
        assert_eq!(names(&one), names(&many));
        assert!(one.len() > 1, "{one:#?}");

        master.restart(&node);
        wait(|| format!("{:?}", process.log()), || router_id() == there);
        let complaints = process.log().iter().filter(|line| line.text.contains("SNMP: no session")).count();
        assert_eq!(complaints, 2, "{:?}", process.log());
        assert!(process.stop(PATIENCE).unwrap().is_some_and(|status| status.success()));
        assert_eq!(router_id(), ["K.1.2.0 = No Such Object available on this agent at this OID"]);
    });
}

const CONFIGURATION: &str = "global_defs {
    router_id R1
    enable_snmp_vrrp
    snmp_socket unix:/run/agentx
}
vrrp_instance A {
    interface eth0
    virtual_router_id 51
    virtual_ipaddress {
        198.18.0.100/24
    }
}
";
