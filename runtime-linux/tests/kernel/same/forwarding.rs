//! How packets get to real servers: `lb_kind` and `lvs_method`.

use super::Configuration;

pub(super) const FORWARDING: &[Configuration] = &[
    Configuration::new(
        "address translation to other ports",
        3,
        "virtual_server 192.0.2.1 80 {
            lb_algo rr
            lb_kind NAT
            protocol TCP
            real_server 198.51.100.1 8080 {
                weight 1
            }
            real_server 198.51.100.2 8081 {
                weight 2
            }
        }",
    ),
    Configuration::new(
        "address translation to real servers that say no port",
        3,
        "virtual_server 192.0.2.1 80 {
            lb_algo rr
            lb_kind NAT
            protocol TCP
            real_server 198.51.100.1 {
            }
            real_server 198.51.100.2 80 {
            }
        }",
    ),
    Configuration::new(
        "direct routing",
        3,
        "virtual_server 192.0.2.1 80 {
            lb_algo wrr
            lb_kind DR
            protocol TCP
            real_server 198.51.100.1 80 {
                weight 1
            }
            real_server 198.51.100.2 80 {
                weight 1
            }
        }",
    ),
    Configuration::new(
        "direct routing forces the port",
        4,
        "virtual_server 192.0.2.1 80 {
            lb_algo wrr
            lvs_method DR
            protocol TCP
            real_server 198.51.100.1 8080 {
            }
            real_server 198.51.100.2 80 {
            }
            real_server 198.51.100.3 {
            }
        }",
    ),
    Configuration::new(
        "tunnels, and they force the port",
        3,
        "virtual_server 192.0.2.1 80 {
            lb_algo wlc
            lb_kind TUN
            protocol TCP
            real_server 198.51.100.1 80 {
            }
            real_server 198.51.100.2 8080 {
            }
        }",
    ),
    Configuration::new(
        "tunnels that say that they are ipip",
        2,
        "virtual_server 192.0.2.1 80 {
            lb_kind TUN type ipip
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "gue without a word on checksums",
        2,
        "virtual_server 192.0.2.1 80 {
            lb_kind TUN type gue port 5555
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "gue without checksums",
        2,
        "virtual_server 192.0.2.1 80 {
            lb_kind TUN type gue port 5555 nocsum
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "gue with checksums",
        2,
        "virtual_server 192.0.2.1 80 {
            lb_kind TUN type gue port 65535 csum
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "gue with remote checksums",
        2,
        "virtual_server 192.0.2.1 80 {
            lb_kind TUN type gue port 1 remcsum
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "gre without a word on checksums",
        2,
        "virtual_server 192.0.2.1 80 {
            lb_kind TUN type gre
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "gre with and without checksums",
        3,
        "virtual_server 192.0.2.1 80 {
            lb_kind TUN type gre csum
            protocol TCP
            real_server 198.51.100.1 80 {
            }
            real_server 198.51.100.2 80 {
                lvs_method TUN type gre nocsum
            }
        }",
    ),
    Configuration::new(
        "a method of its own for each real server",
        7,
        "virtual_server 192.0.2.1 80 {
            lb_kind NAT
            protocol TCP
            real_server 198.51.100.1 8080 {
            }
            real_server 198.51.100.2 80 {
                lvs_method DR
            }
            real_server 198.51.100.3 80 {
                lvs_method TUN
            }
            real_server 198.51.100.4 80 {
                lvs_method TUN type gue port 6080 csum
            }
            real_server 198.51.100.5 80 {
                lvs_method TUN type gre
            }
            real_server 198.51.100.6 8081 {
                lvs_method NAT
            }
        }",
    ),
    Configuration::new(
        "nothing is said but addresses",
        3,
        "virtual_server 192.0.2.1 80 {
            real_server 198.51.100.1 8080 {
            }
            real_server 198.51.100.2 8080 {
            }
        }",
    ),
];
