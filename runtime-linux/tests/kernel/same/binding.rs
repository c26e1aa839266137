//! Persistence: how long a client stays with its server, and who counts as one client.

use super::Configuration;

pub(super) const BINDING: &[Configuration] = &[
    Configuration::new(
        "a timeout",
        2,
        "virtual_server 192.0.2.1 80 {
            protocol TCP
            persistence_timeout 120
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "a timeout without a value",
        2,
        "virtual_server 192.0.2.1 80 {
            protocol TCP
            persistence_timeout
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "networks of IPv4 clients",
        4,
        "virtual_server 192.0.2.1 80 {
            protocol TCP
            persistence_timeout 600
            persistence_granularity 255.255.255.0
            real_server 198.51.100.1 80 {
            }
        }
        virtual_server 192.0.2.2 80 {
            protocol TCP
            persistence_timeout 600
            persistence_granularity 255.255.240.0
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "networks of IPv6 clients",
        4,
        "virtual_server 2001:db8::1 80 {
            protocol TCP
            persistence_timeout 600
            persistence_granularity 64
            real_server 2001:db8:1::1 80 {
            }
        }
        virtual_server 2001:db8::2 80 {
            protocol TCP
            persistence_timeout 600
            real_server 2001:db8:1::1 80 {
            }
        }",
    ),
    Configuration::new(
        "networks of clients without a timeout",
        2,
        "virtual_server 192.0.2.1 80 {
            protocol TCP
            persistence_granularity 255.255.255.0
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "every port",
        3,
        "virtual_server 192.0.2.1 0 {
            protocol TCP
            lb_kind DR
            persistence_timeout 90
            real_server 198.51.100.1 0 {
            }
            real_server 198.51.100.2 {
            }
        }",
    ),
    Configuration::new(
        "every port without a word on persistence",
        4,
        "virtual_server 192.0.2.1 {
            protocol TCP
            lb_kind DR
            real_server 198.51.100.1 {
            }
        }
        virtual_server 2001:db8::1 {
            protocol TCP
            lb_kind DR
            real_server 2001:db8:1::1 {
            }
        }",
    ),
    Configuration::new(
        "persistent marks of both families",
        4,
        "virtual_server fwmark 3 {
            lb_kind DR
            persistence_timeout 30
            persistence_granularity 255.255.0.0
            real_server 198.51.100.1 {
            }
        }
        virtual_server fwmark 3 {
            lb_kind DR
            ip_family inet6
            persistence_timeout 31
            persistence_granularity 48
            real_server 2001:db8:1::1 {
            }
        }",
    ),
    Configuration::new(
        "calls of SIP",
        2,
        "virtual_server 192.0.2.1 5060 {
            protocol UDP
            lb_algo sh
            ops
            persistence_timeout 120
            persistence_engine sip
            real_server 198.51.100.1 5060 {
            }
        }",
    ),
    Configuration::new(
        "calls of SIP without a timeout",
        2,
        "virtual_server 192.0.2.1 5060 {
            protocol UDP
            persistence_engine sip
            real_server 198.51.100.1 5060 {
            }
        }",
    ),
];
