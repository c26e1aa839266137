//! Weights, thresholds, quorum, sorry servers, and what checks make of them.

use super::Configuration;

pub(super) const SERVING: &[Configuration] = &[
    Configuration::new(
        "weights",
        5,
        "virtual_server 192.0.2.1 80 {
            protocol TCP
            lb_algo wrr
            real_server 198.51.100.1 80 {
                weight 0
            }
            real_server 198.51.100.2 80 {
                weight 1
            }
            real_server 198.51.100.3 80 {
                weight 65535
            }
            real_server 198.51.100.4 80 {
            }
        }",
    ),
    Configuration::new(
        "a weight for all who say none",
        4,
        "virtual_server 192.0.2.1 80 {
            protocol TCP
            weight 17
            real_server 198.51.100.1 80 {
            }
            real_server 198.51.100.2 80 {
                weight 3
            }
            real_server 198.51.100.3 80 {
            }
        }",
    ),
    Configuration::new(
        "nobody with a weight",
        3,
        "virtual_server 192.0.2.1 80 {
            protocol TCP
            real_server 198.51.100.1 80 {
                weight 0
            }
            real_server 198.51.100.2 80 {
                weight 0
            }
        }",
    ),
    Configuration::new(
        "thresholds",
        4,
        "virtual_server 192.0.2.1 80 {
            protocol TCP
            real_server 198.51.100.1 80 {
                uthreshold 1000
                lthreshold 800
            }
            real_server 198.51.100.2 80 {
                uthreshold 500
            }
            real_server 198.51.100.3 80 {
            }
        }",
    ),
    Configuration::new(
        "inhibition where nothing fails",
        3,
        "virtual_server 192.0.2.1 80 {
            protocol TCP
            inhibit_on_failure
            real_server 198.51.100.1 80 {
                weight 3
            }
            real_server 198.51.100.2 80 {
                inhibit_on_failure
            }
        }",
    ),
    Configuration::new(
        "a sorry server that is not needed",
        2,
        "virtual_server 192.0.2.1 80 {
            protocol TCP
            sorry_server 203.0.113.9 8080
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "alpha without a check",
        3,
        "virtual_server 192.0.2.1 80 {
            protocol TCP
            alpha
            quorum 2
            real_server 198.51.100.1 80 {
            }
            real_server 198.51.100.2 80 {
            }
        }",
    ),
    Configuration::new(
        "alpha, before the first check has passed",
        1,
        "virtual_server 192.0.2.1 80 {
            protocol TCP
            alpha
            real_server 198.51.100.1 80 {
                TCP_CHECK {
                    connect_timeout 60
                    warmup 3600
                }
            }
        }",
    ),
    Configuration::new(
        "alpha, inhibited before the first check has passed",
        3,
        "virtual_server 192.0.2.1 80 {
            protocol TCP
            alpha
            inhibit_on_failure
            real_server 198.51.100.1 80 {
                TCP_CHECK {
                    warmup 3600
                }
            }
            real_server 198.51.100.2 80 {
            }
        }",
    ),
    Configuration::new(
        "a sorry server before the first check has passed",
        2,
        "virtual_server 192.0.2.1 80 {
            protocol TCP
            alpha
            sorry_server 203.0.113.9 8080
            real_server 198.51.100.1 80 {
                TCP_CHECK {
                    warmup 3600
                }
            }
        }",
    ),
    Configuration::new(
        "a sorry server with another method, and without a port",
        4,
        "virtual_server 192.0.2.1 80 {
            protocol TCP
            alpha
            lb_kind NAT
            sorry_server 203.0.113.9 8080
            sorry_server_lvs_method DR
            real_server 198.51.100.1 8080 {
                TCP_CHECK {
                    warmup 3600
                }
            }
        }
        virtual_server 192.0.2.2 80 {
            protocol TCP
            alpha
            lb_kind DR
            sorry_server 203.0.113.9
            sorry_server_lvs_method TUN type gue port 5555
            real_server 198.51.100.1 80 {
                TCP_CHECK {
                    warmup 3600
                }
            }
        }",
    ),
    Configuration::new(
        "an inhibited sorry server, while not needed",
        3,
        "virtual_server 192.0.2.1 80 {
            protocol TCP
            sorry_server 203.0.113.9 80
            sorry_server_inhibit
            real_server 198.51.100.1 80 {
            }
        }",
    ),
    Configuration::new(
        "below quorum the sorry server is alone",
        2,
        "virtual_server 192.0.2.1 80 {
            protocol TCP
            alpha
            quorum 3
            sorry_server 203.0.113.9 80
            real_server 198.51.100.1 80 {
                weight 2
            }
            real_server 198.51.100.2 80 {
                weight 2
                TCP_CHECK {
                    warmup 3600
                }
            }
        }",
    ),
    Configuration::new(
        "a sorry server in a group",
        6,
        "virtual_server_group web {
            192.0.2.1-2 80
            fwmark 9
        }
        virtual_server group web {
            protocol TCP
            alpha
            lb_kind DR
            sorry_server 203.0.113.9 80
            real_server 198.51.100.1 80 {
                TCP_CHECK {
                    warmup 3600
                }
            }
        }",
    ),
    Configuration::new(
        "a quorum with hysteresis",
        3,
        "virtual_server 192.0.2.1 80 {
            protocol TCP
            quorum 3
            hysteresis 1
            sorry_server 203.0.113.9 80
            real_server 198.51.100.1 80 {
                weight 2
            }
            real_server 198.51.100.2 80 {
                weight 2
            }
        }",
    ),
    Configuration::new(
        "a quorum beyond what all weigh",
        3,
        "virtual_server 192.0.2.1 80 {
            protocol TCP
            quorum 9
            sorry_server 203.0.113.9 80
            real_server 198.51.100.1 80 {
                weight 2
            }
            real_server 198.51.100.2 80 {
                weight 2
            }
        }",
    ),
    Configuration::new(
        "a check fails at once",
        2,
        "global_defs {
            script_user root
        }
        virtual_server 192.0.2.1 80 {
            delay_loop 1
            protocol TCP
            real_server 198.51.100.1 80 {
                MISC_CHECK {
                    misc_path /bin/false
                    misc_timeout 60
                    warmup 0
                }
            }
            real_server 198.51.100.2 80 {
                MISC_CHECK {
                    misc_path /bin/true
                    misc_timeout 60
                    warmup 0
                }
            }
        }",
    )
    .with("-r 198.51.100.2:80 "),
    Configuration::new(
        "checks fail at once, and the sorry server stands in",
        2,
        "global_defs {
            script_user root
        }
        virtual_server 192.0.2.1 80 {
            delay_loop 1
            protocol TCP
            sorry_server 203.0.113.9 80
            real_server 198.51.100.1 80 {
                MISC_CHECK {
                    misc_path /bin/false
                    misc_timeout 60
                    warmup 0
                }
            }
        }",
    )
    .with("-r 203.0.113.9:80 "),
    Configuration::new(
        "checks fail at once, and inhibited servers stay beside the sorry server",
        3,
        "global_defs {
            script_user root
        }
        virtual_server 192.0.2.1 80 {
            delay_loop 1
            protocol TCP
            sorry_server 203.0.113.9 80
            inhibit_on_failure
            real_server 198.51.100.1 80 {
                weight 3
                MISC_CHECK {
                    misc_path /bin/false
                    misc_timeout 60
                    warmup 0
                }
            }
        }",
    )
    .with("-r 203.0.113.9:80 "),
    Configuration::new(
        "a check says the weight",
        3,
        "global_defs {
            script_user root
        }
        virtual_server 192.0.2.1 80 {
            delay_loop 1
            protocol TCP
            real_server 198.51.100.1 80 {
                weight 3
                MISC_CHECK {
                    misc_path \"/bin/sh -c 'exit 19'\"
                    misc_timeout 60
                    misc_dynamic
                    warmup 0
                }
            }
            real_server 198.51.100.2 80 {
                weight 4
            }
        }",
    )
    .with("-r 198.51.100.1:80 -m -w 17"),
];
