//! `lb_algo` and its flags.

use super::Configuration;

pub(super) const SCHEDULING: &[Configuration] = &[
    Configuration::new(
        "round robin, plain and weighted",
        6,
        "virtual_server 192.0.2.1 80 {
            lb_algo rr
            protocol TCP
            real_server 198.51.100.1 80 {
            }
            real_server 198.51.100.2 80 {
            }
        }
        virtual_server 192.0.2.2 80 {
            lvs_sched wrr
            protocol TCP
            real_server 198.51.100.1 80 {
                weight 5
            }
            real_server 198.51.100.2 80 {
                weight 3
            }
        }",
    ),
    Configuration::new(
        "least connection, plain and weighted",
        6,
        "virtual_server 192.0.2.1 80 {
            lb_algo lc
            protocol TCP
            real_server 198.51.100.1 80 {
            }
            real_server 198.51.100.2 80 {
            }
        }
        virtual_server 192.0.2.2 80 {
            lb_algo wlc
            protocol TCP
            real_server 198.51.100.1 80 {
                weight 5
            }
            real_server 198.51.100.2 80 {
                weight 3
            }
        }",
    ),
    Configuration::new(
        "locality",
        4,
        "virtual_server 192.0.2.1 80 {
            lb_algo lblc
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }
        virtual_server 192.0.2.2 80 {
            lb_algo lblcr
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "hashes of the source, of the destination, and Maglev",
        6,
        "virtual_server 192.0.2.1 80 {
            lb_algo sh
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }
        virtual_server 192.0.2.2 80 {
            lb_algo dh
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }
        virtual_server 192.0.2.3 80 {
            lb_algo mh
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "shortest delay and never queue",
        6,
        "virtual_server 192.0.2.1 80 {
            lb_algo sed
            protocol TCP
            real_server 198.51.100.1 80 {
                weight 4
            }
            real_server 198.51.100.2 80 {
                weight 2
            }
        }
        virtual_server 192.0.2.2 80 {
            lb_algo nq
            protocol TCP
            real_server 198.51.100.1 80 {
                weight 4
            }
            real_server 198.51.100.2 80 {
                weight 2
            }
        }",
    ),
    Configuration::new(
        "failover and overflow",
        6,
        "virtual_server 192.0.2.1 80 {
            lb_algo fo
            protocol TCP
            real_server 198.51.100.1 80 {
                weight 4
            }
            real_server 198.51.100.2 80 {
                weight 2
            }
        }
        virtual_server 192.0.2.2 80 {
            lb_algo ovf
            protocol TCP
            real_server 198.51.100.1 80 {
                weight 4
            }
            real_server 198.51.100.2 80 {
                weight 2
            }
        }",
    ),
    Configuration::new(
        "a source hash by port",
        2,
        "virtual_server 192.0.2.1 80 {
            lb_algo sh
            sh-port
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "a source hash that falls back",
        2,
        "virtual_server 192.0.2.1 80 {
            lb_algo sh
            sh-fallback
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "a source hash by port that falls back",
        2,
        "virtual_server 192.0.2.1 80 {
            lb_algo sh
            sh-port
            sh-fallback
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "Maglev by port",
        2,
        "virtual_server 192.0.2.1 80 {
            lb_algo mh
            mh-port
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "Maglev by port that falls back",
        2,
        "virtual_server 192.0.2.1 80 {
            lb_algo mh
            mh-fallback
            mh-port
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "flags by number, one each",
        6,
        "virtual_server 192.0.2.1 80 {
            lb_algo sh
            flag-1
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }
        virtual_server 192.0.2.2 80 {
            lb_algo mh
            flag-2
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }
        virtual_server 192.0.2.3 80 {
            lb_algo wrr
            flag-3
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "all flags by number, where they mean nothing",
        2,
        "virtual_server 192.0.2.1 80 {
            lb_algo rr
            flag-1
            flag-2
            flag-3
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "the word hashed",
        2,
        "virtual_server 192.0.2.1 80 {
            lb_algo sh
            hashed
            protocol TCP
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "one packet at a time, persistent and not",
        4,
        "virtual_server 192.0.2.1 53 {
            lb_algo rr
            ops
            protocol UDP
            real_server 198.51.100.1 53 {
            }
        }
        virtual_server 192.0.2.2 53 {
            lb_algo rr
            ops
            persistence_timeout 60
            protocol UDP
            real_server 198.51.100.1 53 {
            }
        }",
    ),
];
