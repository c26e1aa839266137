//! `keepalived.json`, under keepalived's names. `auth_data`, which is the password there, is left out.

use core::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Router;
use super::statistics::COUNTERS;
use crate::config::model::{Authentication, Script};

/// The first form: a list of `{data, stats}`.
pub(super) fn routers(routers: &[Router<'_>], now: Duration) -> Value {
    routers.iter().map(|router| json!({ "data": data(router, now), "stats": statistics(router) })).collect()
}

/// The second form: an object with a list for each kind.
pub(super) fn by_kind(list: &[Router<'_>], processes: &impl Serialize, now: Duration) -> Value {
    json!({ "vrrp": routers(list, now), "track_process": processes })
}

fn statistics(router: &Router<'_>) -> Value {
    let counters = COUNTERS.iter();
    counters
        .map(|counter| (counter.name.to_owned(), router.counted(counter.ours).into()))
        .collect::<Map<_, _>>()
        .into()
}

fn data(router: &Router<'_>, now: Duration) -> Value {
    let wanted = router.wanted;
    let (garp, active) = (&wanted.garp, router.status.active.as_ref());
    let own = wanted.own_virtual_interface();
    let addresses = |addresses: &[_]| -> Vec<String> {
        addresses.iter().map(|address| router.address(address)).collect()
    };
    let mut data = json!({
        "iname": wanted.name,
        "dont_track_primary": u8::from(wanted.ignore_own_interface),
        "skip_check_adv_addr": u8::from(wanted.skip_address_check),
        "strict_mode": u8::from(wanted.strict),
        "vmac_ifname": own.map_or("", |own| own.name.as_str()),
        "ifp_ifname": router.interface(),
        "master_priority": active.map_or(0, |active| active.priority),
        "last_transition": router.since(now),
        "garp_delay": garp.delay.as_secs(),
        "garp_refresh": garp.refresh.as_secs(),
        "garp_rep": garp.repeat,
        "garp_refresh_rep": garp.refresh_repeat,
        "garp_lower_prio_delay": garp.lower_priority_delay.as_secs(),
        "garp_lower_prio_rep": garp.lower_priority_repeat,
        "lower_prio_no_advert": u8::from(wanted.lower_priority_no_advert),
        "higher_prio_send_advert": u8::from(wanted.higher_priority_send_advert),
        "vrid": wanted.vrid.get(),
        "base_priority": wanted.priority.get(),
        "effective_priority": router.status.priority,
        "vipset": router.state() == 2,
        "promote_secondaries": wanted.promote_secondaries,
        "adver_int": wanted.advert_interval.as_secs_f64(),
        "master_adver_int": active.map_or(wanted.advert_interval.as_secs_f64(), |active| {
            Duration::from_millis(active.advert_interval_ms).as_secs_f64()
        }),
        "accept": u8::from(wanted.accept),
        "nopreempt": !wanted.preempt,
        "preempt_delay": wanted.preempt_delay.as_secs(),
        "state": router.state(),
        "wantstate": router.wanted_state(),
        "version": wanted.version.number(),
        "smtp_alert": wanted.notify.mail,
        "notify_deleted": wanted.notify.tells_deletion,
        "auth_type": match wanted.authentication {
            Authentication::None | Authentication::Trailer(_) => 0,
            Authentication::Password(_) => 1,
            Authentication::Header(_) => 2,
        },
        "vips": addresses(&wanted.addresses),
    });
    let mut more = |name: &str, value: Value| {
        if let Some(data) = data.as_object_mut() {
            data.insert(name.to_owned(), value);
        }
    };
    if !wanted.excluded.is_empty() {
        more("evips", addresses(&wanted.excluded).into());
    }
    for (name, lines) in [
        ("vroutes", wanted.routes.iter().map(ToString::to_string).collect::<Vec<_>>()),
        ("vrules", wanted.rules.iter().map(ToString::to_string).collect()),
        ("track_ifp", wanted.track_interfaces.iter().map(|one| one.name.clone()).collect()),
        ("track_script", wanted.track_scripts.iter().map(|one| one.name.clone()).collect()),
    ] {
        if !lines.is_empty() {
            more(name, lines.into());
        }
    }
    let notify = &wanted.notify;
    let scripts: [(&str, &Option<Script>); 6] = [
        ("script_master", &notify.master),
        ("script_backup", &notify.backup),
        ("script_fault", &notify.fault),
        ("script_stop", &notify.stop),
        ("script", &notify.any),
        ("script_master_rx_lower_pri", &notify.lower_priority),
    ];
    for (name, script) in scripts {
        if let Some(script) = script {
            more(name, script.words.join(" ").into());
        }
    }
    data
}
