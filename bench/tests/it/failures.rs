//! The failures F1 to F33 of the project's specification of VRRP, each with the property that must hold.
//!
//! Here they happen in the simulated network, to the real state machine. Where only a real kernel can show a part
//! of one, [`IN_NAMESPACES`] names the test in network namespaces that does.

mod authentication;
mod burst;
mod forged;
mod identity;
mod intervals;
mod late;
mod link;
mod mixed;
mod parser;
mod split;
mod tracking;

/// Lists tests by failure; one that does not exist does not compile.
macro_rules! failures {
    ($($number:literal: $($test:path),+;)+) => {
        &[$(($number, &[$((stringify!($test), $test as fn())),+])),+]
    };
}

type Listed = (u8, &'static [(&'static str, fn())]);

#[rustfmt::skip]
const FAILURES: &[Listed] = failures! {
    1: split::f01_split_brain_heals_within_an_interval,
       split::f01_the_winner_of_a_healed_split_announces_after_the_loser,
       split::f01_the_last_word_of_a_loser_makes_no_third_router_take_over;
    2: split::f02_a_one_way_link_keeps_two_routers_active_at_a_bounded_rate;
    3: late::f03_a_frozen_active_router_that_thaws_announces_again,
       late::f03_a_frozen_active_router_that_does_not_preempt_makes_way,
       late::f03_a_late_router_says_so;
    4: late::f04_a_backup_that_was_held_up_reads_its_queue_before_its_timer;
    5: late::f05_the_hour_of_the_clock_has_no_effect,
       late::f05_a_clock_that_steps_back_stands_still;
    6: late::f06_a_clock_may_drift_by_the_skew_over_three_intervals;
    7: intervals::f07_another_interval_in_version_2_is_told_within_one_advert;
    8: intervals::f08_a_longer_interval_on_a_live_router_makes_nobody_take_over;
    9: intervals::f09_a_quick_backup_beside_a_slow_better_router_is_put_right_at_once,
       intervals::f09_without_the_answer_it_lasts_until_the_slow_router_speaks;
    10: intervals::f10_a_forged_zero_interval_shortens_no_wait;
    11: forged::f11_a_forged_resignation_sent_to_all_is_put_right_by_the_active_router,
        forged::f11_a_forged_resignation_sent_to_a_backup_alone_works_and_is_put_right,
        forged::f11_where_peers_are_listed_a_foreign_resignation_changes_nothing;
    12: forged::f12_a_storm_of_resignations_does_not_silence_the_active_router;
    13: forged::f13_a_flood_of_lesser_adverts_is_not_reflected;
    14: identity::f14_twins_with_link_addresses_of_their_own_settle_on_one,
        identity::f14_twins_behind_the_virtual_mac_stay_silently_and_raise_the_alarm;
    15: identity::f15_adverts_that_come_back_to_their_sender_change_nothing;
    16: forged::f16_a_forged_owner_wins_only_as_long_as_it_speaks,
        forged::f16_behind_a_password_a_forged_owner_wins_nothing;
    17: forged::f17_what_was_routed_here_changes_nothing,
        forged::f17_unicast_takes_listed_sources_within_their_ttl_range_only;
    18: identity::f18_two_groups_with_one_identifier_are_told_apart_within_one_advert;
    19: identity::f19_two_owners_settle_on_one_in_version_3_and_never_in_version_2;
    20: tracking::f20_a_moving_priority_changes_the_state_twice_at_most,
        tracking::f20_no_sum_of_weights_leaves_1_to_254;
    21: tracking::f21_a_preemption_delay_does_not_end_beside_a_better_router;
    22: tracking::f22_two_hosts_without_another_link_each_leave_nobody_eligible;
    23: authentication::f23_a_replayed_advert_keeps_a_backup_quiet_without_authentication,
        authentication::f23_behind_a_seal_what_a_dead_router_said_keeps_nobody_quiet;
    24: authentication::f24_a_password_has_no_counter_to_lose,
        authentication::f24_a_counter_that_is_lost_is_made_up_for_whoever_restarts;
    25: authentication::f25_another_password_on_one_side_is_told_within_one_advert,
        authentication::f25_a_group_is_sealed_and_changes_its_key_with_one_active_router_all_along;
    26: mixed::f26_a_group_with_both_checksum_camps_has_one_active_router;
    27: mixed::f27_another_version_in_the_group_is_told_within_one_advert,
        mixed::f27_routers_of_both_versions_converge_with_those_of_either,
        mixed::f27_a_group_goes_from_version_2_to_version_3_one_router_after_the_other;
    28: identity::f28_equal_link_local_addresses_raise_the_alarm_and_no_storm;
    29: parser::f29_no_length_but_the_right_one_is_taken,
        parser::f29_every_short_string_of_bytes_is_dropped;
    30: burst::f30_many_groups_that_lose_their_router_at_once_are_all_replaced_in_time,
        burst::f30_no_call_wants_more_than_a_handful_of_things;
    31: burst::f31_new_settings_while_the_active_router_is_gone_do_not_put_off_the_takeover,
        burst::f31_a_new_interval_while_the_active_router_is_gone_does_not_put_off_the_takeover,
        burst::f31_a_new_interval_after_a_resignation_leaves_the_takeover_to_the_skew,
        burst::f31_both_routers_of_version_2_may_be_reloaded_one_after_the_other;
    32: link::f32_a_flapping_interface_leaves_one_router_and_no_stray_answers;
    33: link::f33_a_router_whose_adverts_wait_in_its_own_queue_is_told_of_it;
};

/// What only a kernel can show, in network namespaces: the failure, the file in `runtime-linux/tests` and its test.
const IN_NAMESPACES: [(u8, &str, &str); 14] = [
    (3, "vrrp/held_up.rs", "a_better_router_that_was_held_up_takes_its_place_again_and_says_so"),
    (3, "vrrp/held_up.rs", "a_router_that_does_not_preempt_makes_way_without_a_word_after_it_was_held_up"),
    (13, "scale/flood.rs", "a_flood_of_junk_moves_no_address_fills_no_log_and_delays_no_advert"),
    (24, "vrrp/authentication.rs", "a_worker_that_dies_and_comes_back_goes_on_above_its_last_number"),
    (25, "vrrp/authentication.rs", "a_pair_is_sealed_and_changes_its_key_without_a_takeover"),
    (27, "vrrp/election.rs", "a_router_of_both_versions_understands_either_and_is_understood"),
    (28, "vrrp/virtual_interface.rs", "a_virtual_interface_has_no_address_but_the_virtual_ones"),
    (30, "vrrp/scale.rs", "two_hundred_and_fifty_five_routers_take_over_and_stop_together"),
    (30, "scale/takeover.rs", "a_thousand_routers_take_over_at_once"),
    (31, "vrrp/reload.rs", "an_instance_that_did_not_change_misses_no_advert"),
    (32, "vrrp/links.rs", "an_interface_that_goes_down_is_a_fault_until_it_is_up_again"),
    (32, "vrrp/links.rs", "a_cable_that_is_pulled_out_is_noticed"),
    (
        32,
        "vrrp/virtual_interface.rs",
        "an_interface_that_vanishes_takes_the_virtual_one_along_and_brings_it_back",
    ),
    (33, "vrrp/queue.rs", "adverts_that_wait_in_the_queue_of_the_interface_are_counted_and_told_of_once"),
];

#[test]
fn what_is_shown_in_namespaces_is_shown_there() {
    for (number, file, test) in IN_NAMESPACES {
        let path = format!("{}/../runtime-linux/tests/{file}", env!("CARGO_MANIFEST_DIR"));
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("F{number}: {path}: {error}"));
        let (before, _) = text
            .split_once(&format!("\nfn {test}() {{"))
            .unwrap_or_else(|| panic!("F{number}: there is no {test} in {file}"));
        let attributes: Vec<&str> = before
            .lines()
            .rev()
            .take_while(|line| line.starts_with("#[") || line.starts_with("///"))
            .collect();
        assert!(attributes.contains(&"#[test]"), "F{number}: {test} in {file} is no test");
    }
}

#[test]
fn every_failure_of_the_specification_has_a_test_that_cites_its_number() {
    let numbers: Vec<u8> = FAILURES.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=33).collect::<Vec<u8>>());
    for (number, tests) in FAILURES {
        for (name, _) in *tests {
            let function = name.split("::").last().map(|last| last.trim().to_owned());
            let cited = function.is_some_and(|function| function.starts_with(&format!("f{number:02}_")));
            assert!(cited, "{name} stands under F{number}");
        }
    }
}
