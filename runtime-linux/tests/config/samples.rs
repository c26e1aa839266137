//! Every sample file loads, and says exactly what it should.

use super::{config, options, sample, shortened};

/// The exit code and the complaints of a sample.
fn checked(name: &str) -> (u8, Vec<String>) {
    let loaded = config::load(&sample(name), &options());
    assert!(loaded.configuration.is_some(), "{name}");
    (loaded.diagnostics.exit_code(), shortened(&loaded))
}
#[test]
fn every_sample_says_exactly_what_it_should() {
    for (name, code, complaints) in SAMPLES {
        assert_eq!(
            checked(name),
            (*code, complaints.iter().map(|line| (*line).to_owned()).collect()),
            "{name}"
        );
    }
}

#[test]
fn no_sample_goes_untested() {
    let mut tested: Vec<&str> = SAMPLES.iter().map(|(name, ..)| *name).collect();
    tested.sort_unstable();
    let mut found = Vec::new();
    for folder in ["", "published/"] {
        for entry in std::fs::read_dir(sample(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "conf") {
                found.push(format!("{folder}{}", path.file_name().unwrap().to_string_lossy()));
            }
        }
    }
    found.sort_unstable();
    assert_eq!(found, tested);
}

/// What a check says that waits for 10 s every 3 s.
macro_rules! slow {
    ($place:literal) => {
        concat!(
            $place,
            ": warning[S0520]: a check may take 10 s (`connect_timeout`), and there is one every 3 s; what falls silent is found out after up to 52 s; let `connect_timeout` be no longer than `delay_loop`"
        )
    };
}

/// File, exit code, complaints.
const SAMPLES: &[(&str, u8, &[&str])] = &[
    ("direct-routing.conf", 0, &[slow!("32:9"), slow!("41:9")]),
    (
        "group-nat.conf",
        6,
        &[
            "warning[S0601]: scripts are configured, but script security is off; scripts run by root may be changed by others without anybody noticing; add `enable_script_security`, and perhaps `script_user`, to global_defs",
        ],
    ),
    ("lab-backup.conf", 0, &[slow!("31:9"), slow!("40:9")]),
    ("lab-master.conf", 0, &[slow!("31:9"), slow!("40:9")]),
    (
        "misspelt.conf",
        5,
        &[
            "4:1: warning[S0415]: sync group `WEB` has only one member; it moves as it would without the group",
            "10:13: warning[S0416]: `SLAVE` is not a state; this router starts as BACKUP; did you mean `BACKUP`?",
            "12:7: error[S0201]: unknown word `lvs_sync_daemon_inteface`; it is ignored; did you mean `lvs_sync_daemon_interface`?",
            "18:21: warning[S0305]: a password has at most 8 characters; only the first 8 are used",
            "18:32: note[S0205]: words behind the value of `auth_pass`; put `#` in front of a comment",
        ],
    ),
    ("pool.conf", 0, &[]),
    (
        "strict-director.conf",
        5,
        &[
            "16:1: warning[S0409]: VI_1: strict mode closes the virtual addresses: nftables drops what comes to them from the network; while this router is MASTER they are found by ARP and neighbour discovery, but answer neither ping nor any service, virtual servers included; only this host itself reaches them; remove `vrrp_strict` if they are to answer",
            "17:11: warning[S0408]: VI_1: in strict mode only the owner of the addresses, with priority 255, is MASTER from the start; this router starts as BACKUP",
            "22:5: warning[S0413]: VI_1: strict mode has no authentication; adverts go out without it, and peers that use it drop them",
            "43:13: note[S0204]: `nb_get_retry` is the old name of `retry`; write `retry`",
            "51:13: note[S0204]: `nb_get_retry` is the old name of `retry`; write `retry`",
        ],
    ),
    ("symmetric.conf", 0, &[]),
    ("tracked-web.conf", 0, &[]),
    ("unicast-v3.conf", 0, &[]),
    (
        "published/a-backup.conf",
        5,
        &[
            "15:1: warning[S0409]: VI_1: strict mode closes the virtual addresses: nftables drops what comes to them from the network; while this router is MASTER they are found by ARP and neighbour discovery, but answer neither ping nor any service, virtual servers included; only this host itself reaches them; remove `vrrp_strict` if they are to answer",
            "21:5: warning[S0413]: VI_1: strict mode has no authentication; adverts go out without it, and peers that use it drop them",
            "42:13: note[S0204]: `nb_get_retry` is the old name of `retry`; write `retry`",
            "50:13: note[S0204]: `nb_get_retry` is the old name of `retry`; write `retry`",
        ],
    ),
    (
        "published/a-master.conf",
        5,
        &[
            "15:1: warning[S0409]: VI_1: strict mode closes the virtual addresses: nftables drops what comes to them from the network; while this router is MASTER they are found by ARP and neighbour discovery, but answer neither ping nor any service, virtual servers included; only this host itself reaches them; remove `vrrp_strict` if they are to answer",
            "16:11: warning[S0408]: VI_1: in strict mode only the owner of the addresses, with priority 255, is MASTER from the start; this router starts as BACKUP",
            "21:5: warning[S0413]: VI_1: strict mode has no authentication; adverts go out without it, and peers that use it drop them",
            "42:13: note[S0204]: `nb_get_retry` is the old name of `retry`; write `retry`",
            "50:13: note[S0204]: `nb_get_retry` is the old name of `retry`; write `retry`",
        ],
    ),
    (
        "published/b-annotated.conf",
        6,
        &[
            "21:23: note[S0205]: words behind the value of `auth_pass`; put `#` in front of a comment",
            "45:13: note[S0204]: `nb_get_retry` is the old name of `retry`; write `retry`",
            "54:13: note[S0204]: `nb_get_retry` is the old name of `retry`; write `retry`",
            "warning[S0601]: scripts are configured, but script security is off; scripts run by root may be changed by others without anybody noticing; add `enable_script_security`, and perhaps `script_user`, to global_defs",
        ],
    ),
    (
        "published/b-backup.conf",
        6,
        &[
            "36:13: note[S0204]: `nb_get_retry` is the old name of `retry`; write `retry`",
            "45:13: note[S0204]: `nb_get_retry` is the old name of `retry`; write `retry`",
            "warning[S0601]: scripts are configured, but script security is off; scripts run by root may be changed by others without anybody noticing; add `enable_script_security`, and perhaps `script_user`, to global_defs",
        ],
    ),
    (
        "published/b-master.conf",
        6,
        &[
            "45:13: note[S0204]: `nb_get_retry` is the old name of `retry`; write `retry`",
            "54:13: note[S0204]: `nb_get_retry` is the old name of `retry`; write `retry`",
            "warning[S0601]: scripts are configured, but script security is off; scripts run by root may be changed by others without anybody noticing; add `enable_script_security`, and perhaps `script_user`, to global_defs",
        ],
    ),
    (
        "published/c-backup.conf",
        5,
        &[
            "4:1: warning[S0415]: sync group `VGM` has only one member; it moves as it would without the group",
            "10:13: warning[S0416]: `SLAVE` is not a state; this router starts as BACKUP; did you mean `BACKUP`?",
            "12:7: error[S0201]: unknown word `lvs_sync_daemon_inteface`; it is ignored; did you mean `lvs_sync_daemon_interface`?",
        ],
    ),
    (
        "published/c-master.conf",
        5,
        &[
            "4:1: warning[S0415]: sync group `VGM` has only one member; it moves as it would without the group",
            "12:7: error[S0201]: unknown word `lvs_sync_daemon_inteface`; it is ignored; did you mean `lvs_sync_daemon_interface`?",
        ],
    ),
    ("published/d-backup.conf", 0, &[slow!("30:9"), slow!("39:9")]),
    ("published/d-master.conf", 0, &[slow!("30:9"), slow!("39:9")]),
    ("published/e-several-1.conf", 0, &[]),
    ("published/e-several-2.conf", 0, &[]),
    ("published/e-several-3.conf", 0, &[]),
    ("published/e-several-4.conf", 0, &[]),
    ("published/e-symmetric-a.conf", 0, &[]),
    ("published/e-symmetric-b.conf", 0, &[]),
];
