//! What a virtual server answers to: addresses, marks, groups, families, protocols.

use super::Configuration;

pub(super) const ADDRESSING: &[Configuration] = &[
    Configuration::new(
        "TCP, UDP and SCTP on one address",
        6,
        "virtual_server 192.0.2.1 80 {
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }
        virtual_server 192.0.2.1 80 {
            protocol UDP
            real_server 198.51.100.1 80 {
            }
        }
        virtual_server 192.0.2.1 80 {
            protocol SCTP
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "IPv6 by address translation and direct routing",
        5,
        "virtual_server 2001:db8::1 443 {
            lb_algo rr
            lb_kind NAT
            protocol TCP
            real_server 2001:db8:1::1 8443 {
            }
            real_server 2001:db8:1::2 8443 {
                weight 3
            }
        }
        virtual_server 2001:db8::2 443 {
            lb_algo mh
            lb_kind DR
            protocol TCP
            real_server 2001:db8:1::1 443 {
            }
        }",
    ),
    Configuration::new(
        "IPv6 by tunnels",
        4,
        "virtual_server 2001:db8::1 443 {
            lb_kind TUN
            protocol TCP
            real_server 2001:db8:1::1 443 {
            }
            real_server 2001:db8:1::2 443 {
                lvs_method TUN type gue port 5555 csum
            }
            real_server 2001:db8:1::3 443 {
                lvs_method TUN type gre
            }
        }",
    ),
    Configuration::new(
        "real servers of the other family behind tunnels",
        6,
        "virtual_server 192.0.2.1 80 {
            lb_kind TUN
            protocol TCP
            real_server 2001:db8:1::1 80 {
            }
            real_server 198.51.100.1 80 {
            }
        }
        virtual_server 2001:db8::1 80 {
            lb_kind TUN type gue port 5555
            protocol TCP
            real_server 198.51.100.1 80 {
            }
            real_server 2001:db8:1::1 80 {
            }
        }",
    ),
    Configuration::new(
        "a mark",
        3,
        "virtual_server fwmark 7 {
            lb_algo rr
            lb_kind DR
            real_server 198.51.100.1 {
            }
            real_server 198.51.100.2 80 {
            }
        }",
    ),
    Configuration::new(
        "a mark with address translation",
        3,
        "virtual_server fwmark 4294967295 {
            lb_algo rr
            lb_kind NAT
            protocol TCP
            real_server 198.51.100.1 {
            }
            real_server 198.51.100.2 8080 {
            }
        }",
    ),
    Configuration::new(
        "marks for IPv6, said and seen from the real servers",
        5,
        "virtual_server fwmark 7 {
            lb_algo rr
            lb_kind DR
            ip_family inet6
            real_server 2001:db8:1::1 {
            }
        }
        virtual_server fwmark 8 {
            lb_algo rr
            lb_kind DR
            real_server 2001:db8:1::1 {
            }
            real_server 2001:db8:1::2 {
            }
        }",
    ),
    Configuration::new(
        "a mark of IPv4 with tunnels over IPv6",
        2,
        "virtual_server fwmark 7 {
            lb_algo rr
            lb_kind TUN
            ip_family inet
            real_server 2001:db8:1::1 {
            }
        }",
    ),
    Configuration::new(
        "a group of addresses and ports",
        6,
        "virtual_server_group web {
            192.0.2.1 80
            192.0.2.1 443
            192.0.2.2 80
        }
        virtual_server group web {
            lb_algo rr
            lb_kind NAT
            protocol TCP
            real_server 198.51.100.1 8080 {
            }
        }",
    ),
    Configuration::new(
        "a group of ranges",
        12,
        "virtual_server_group web {
            192.0.2.1-3 80
            192.0.2.10-12 443
        }
        virtual_server group web {
            lb_algo wrr
            lb_kind DR
            protocol TCP
            real_server 198.51.100.1 80 {
                weight 3
            }
        }",
    ),
    Configuration::new(
        "a group of IPv6 ranges",
        12,
        "virtual_server_group web {
            2001:db8::9-b 80
            2001:db8::100 443
        }
        virtual_server group web {
            lb_algo wrr
            lb_kind NAT
            protocol TCP
            real_server 2001:db8:1::1 8080 {
            }
            real_server 2001:db8:1::2 8080 {
                weight 0
            }
        }",
    ),
    Configuration::new(
        "a group of marks",
        4,
        "virtual_server_group web {
            fwmark 3
            fwmark 4
        }
        virtual_server group web {
            lb_algo rr
            lb_kind DR
            real_server 198.51.100.1 {
            }
        }",
    ),
    Configuration::new(
        "a group of marks and addresses",
        4,
        "virtual_server_group web {
            192.0.2.1 80
            fwmark 4
        }
        virtual_server group web {
            lb_algo rr
            lb_kind DR
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "a group with a service on every port, and tunnels",
        4,
        "virtual_server_group web {
            192.0.2.1
            192.0.2.2 0
        }
        virtual_server group web {
            lb_algo rr
            lb_kind TUN
            protocol TCP
            persistence_timeout 60
            real_server 198.51.100.1 0 {
            }
        }",
    ),
    Configuration::new(
        "two virtual servers share real servers",
        6,
        "virtual_server 192.0.2.1 80 {
            protocol TCP
            real_server 198.51.100.1 8080 {
                weight 4
            }
            real_server 198.51.100.2 8080 {
            }
        }
        virtual_server 192.0.2.1 443 {
            protocol TCP
            real_server 198.51.100.2 8080 {
                weight 9
            }
            real_server 198.51.100.1 8080 {
            }
        }",
    ),
];
