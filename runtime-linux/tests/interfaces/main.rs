//! What stands around the daemon: its flags, how it is told to read its file again, what it tells scripts, FIFOs and mail
//! servers, and the tool that computes digests. Daemons run in namespaces that the tests make.
//!
//! Where each row of keepalived.md 3.1 to 3.8 is shown:
//!
//! | row | test |
//! |---|---|
//! | 3.1 every flag is read, and those without effect say so | `args/tests.rs`: `every_flag_of_keepalived_…`, `flags_that_do_nothing_…` |
//! | 3.1 `-f -n -l -D -G -g -u -d -V -p` | [`flags`], [`full_disk`]; `-s`: `tests/vrrp/namespaces.rs`; `-R`: `tests/guardian/death.rs` |
//! | 3.1 `-P -C -T -v -h --signum` | `args/tests.rs`; genhash against keepalived's: [`digest`] |
//! | 3.1 `-t` and its exit codes | `tests/config/exit_codes.rs`, `tests/config/differential.rs` (keepalived) |
//! | 3.1 `-I` | `tests/kernel/kept.rs` (keepalived) |
//! | 3.1 `-V`, `-X`: what is sent and left at a stop | [`beside`] (keepalived) |
//! | 3.2 a reload that is refused for what `-t` says 5 or 6 to | [`beside`] (keepalived) |
//! | 3.2 RELOAD, STOP | `tests/guardian/ending.rs`; all others, and that none ends the process: `tests/vrrp/dumps.rs` |
//! | 3.3 dumps, their fields and modes | `app/dump/tests.rs`, `tests/vrrp/exporter.rs` (keepalived) |
//! | 3.3 pid files | `app/pid_file.rs`, `tests/guardian/ending.rs`, [`flags`]; `reload_file`: [`reload`] |
//! | 3.4 states, groups with priority 0, generic and own scripts, argv, `notify_deleted`, `notify_stop`, lesser routers | [`beside`] (keepalived) |
//! | 3.4 environment, umask, user, signals, process group | [`beside`] (keepalived) |
//! | 3.4 script → FIFO → mail; one at a time for a router | [`order`]; queues and the stop: `perform/notify/tests.rs` |
//! | 3.4 quorum and real servers | `tests/kernel/told.rs` (keepalived) |
//! | 3.4 startup and shutdown scripts | `tests/vrrp/notices.rs` |
//! | 3.4 users, script security | `process/tests.rs` |
//! | 3.5 lines of routers and groups, at start, reload, fault and stop; priorities; states on reload | [`beside`] (keepalived) |
//! | 3.5 lines of services and real servers | `tests/kernel/told.rs` (keepalived) |
//! | 3.5 readers get the path last; nothing is lost in silence; ownership | [`beside`], `perform/fifo/tests.rs`, `tests/vrrp/notices.rs` |
//! | 3.6 subjects for instance, group, real and virtual server; `smtp_alert` of each; `no_email_faults` | [`beside`], `tests/kernel/told.rs` (keepalived) |
//! | 3.6 headers, body, dots, many recipients | `perform/mail/letter.rs`, `perform/mail/tests.rs` |
//! | 3.6 AUTH, STARTTLS | [`exim`] (Exim), `perform/mail/secrecy.rs` |
//! | 3.7 objects and traps of three MIBs | `tests/snmp`, `tests/kernel/objects.rs`, `tests/kernel/walk.rs` (keepalived, snmpd) |
//! | 3.8 objects, properties, methods, signals, errors, policy | [`dbus`] (keepalived); bytes: `dbus/wire`, `dbus/answer/tests.rs`; a bus that is absent, hangs, refuses, restarts: [`dbus`], `dbus/tests.rs` |
//! | faults: mail that hangs, FIFO without a reader, endless scripts | `tests/vrrp/notices.rs`; a full disk: [`full_disk`] |
//!
//! What differs from keepalived 2.2.7 on purpose stands with its reason in `beside/life.rs` and `tests/kernel/told.rs`.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

mod beside;
mod dbus;
mod digest;
mod exim;
mod flags;
mod full_disk;
mod host;
mod order;
mod reload;
mod sink;
mod witness;
