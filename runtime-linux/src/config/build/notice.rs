//! `global_defs`: whom the daemon tells what happens (mail, FIFOs), and the scripts of its start and end.

use core::time::Duration;
use std::path::PathBuf;

use super::global::set;
use super::notify;
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::model::{Fifo, Global, MailSecurity, Notify, Script, ScriptUser, TimedScript};
use crate::config::source::Span;
use crate::config::tree::Node;
use crate::config::value::{self, Values, wrong};

/// What routers, groups, services and real servers do about mail and FIFOs unless they say otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Notices {
    /// `smtp_alert`.
    mail: Option<bool>,
    /// `smtp_alert_vrrp`.
    mail_of_routers: Option<bool>,
    /// `smtp_alert_checker`.
    mail_of_checks: Option<bool>,
    /// `vrrp_notify_priority_changes`.
    priority_changes: bool,
}

impl Notices {
    /// What a router or a group starts from.
    pub(super) fn of_router(self) -> Notify {
        Notify {
            mail: self.mail_of_routers.or(self.mail).unwrap_or(false),
            priority_changes: self.priority_changes,
            ..Notify::default()
        }
    }

    /// `smtp_alert`, `smtp_alert_vrrp` and `smtp_alert_checker`, as far as they are said.
    pub(super) fn alerts(self) -> [Option<bool>; 3] {
        [self.mail, self.mail_of_routers, self.mail_of_checks]
    }

    /// Whether mail is sent about the quorum of a service.
    pub(super) fn mail_of_service(self) -> bool {
        self.mail_of_checks.or(self.mail).unwrap_or(false)
    }

    /// Whether mail is sent about a real server.
    pub(super) fn mail_of_server(self) -> bool {
        self.mail_of_checks.or(self.mail).unwrap_or(true)
    }
}

/// What has been said and makes sense together only.
#[derive(Debug, Default)]
pub(super) struct Said {
    fifos: [SaidFifo; 3],
    startup: (Option<Script>, Option<Duration>),
    shutdown: (Option<Script>, Option<Duration>),
    username: Option<(String, Span)>,
    password: Option<String>,
}

#[derive(Debug, Default)]
struct SaidFifo {
    path: Option<(PathBuf, Option<ScriptUser>, Span)>,
    script: Option<(Script, Span)>,
}

impl Said {
    /// Takes one of the words; false if it is another.
    pub(super) fn read(
        &mut self,
        word: &str,
        node: &Node,
        global: &mut Global,
        notices: &mut Notices,
        diagnostics: &mut Diagnostics,
    ) -> bool {
        self.mail(word, node, global, notices, diagnostics) || self.local(word, node, global, diagnostics)
    }

    fn mail(
        &mut self,
        word: &str,
        node: &Node,
        global: &mut Global,
        notices: &mut Notices,
        diagnostics: &mut Diagnostics,
    ) -> bool {
        let mail = &mut global.mail;
        let span = node.values.first().map_or(node.word.span, |value| value.span);
        match word {
            "notification_email" => {
                for recipient in node.words() {
                    if is_address(&recipient.text) {
                        mail.recipients.push(recipient.text.to_string());
                    } else {
                        diagnostics
                            .push(wrong(recipient, "a mail address").consequence("nothing is sent there"));
                    }
                }
                return true;
            }
            "smtp_server" => {
                let Some(host) = Values::new(node, diagnostics).required(0, "a host or an address") else {
                    return true;
                };
                let port = node.values.get(1).map(|port| value::number(port, &(1..=65_535), diagnostics));
                mail.server = Some((host.text.to_string(), port.flatten().unwrap_or(SMTP)));
                Values::new(node, diagnostics).no_more_than(2);
                return true;
            }
            _ => {}
        }
        let mut values = Values::new(node, diagnostics);
        match word {
            "notification_email_from" => {
                if let Some(sender) = values.word("a mail address").filter(|sender| !sender.contains('\n')) {
                    mail.sender = sender;
                }
            }
            "smtp_helo_name" => set(&mut mail.greeting, values.word("a name")),
            "smtp_connect_timeout" => set(&mut mail.timeout, values.seconds(1.0..=super::global::LONGEST)),
            "no_email_faults" => set(&mut mail.faults, values.boolean().map(|without| !without)),
            // Mail is sent when a real server changes, not when one of its checks does.
            "no_checker_emails" => {}
            "smtp_tls" => {
                let ways = [
                    ("off", MailSecurity::Off),
                    ("try", MailSecurity::Try),
                    ("starttls", MailSecurity::StartTls),
                    ("wrapped", MailSecurity::Wrapped),
                ];
                set(&mut mail.security, values.one_of(&ways, "mail goes out in the clear"));
            }
            "smtp_tls_ca" => mail.authority = values.word("a path").map(PathBuf::from),
            "smtp_username" => self.username = values.word("a name").map(|name| (name, span)),
            "smtp_password" => self.password = values.word("a password"),
            "smtp_alert" => notices.mail = values.boolean().or(notices.mail),
            "smtp_alert_vrrp" => notices.mail_of_routers = values.boolean().or(notices.mail_of_routers),
            "smtp_alert_checker" => notices.mail_of_checks = values.boolean().or(notices.mail_of_checks),
            "vrrp_notify_priority_changes" => set(&mut notices.priority_changes, values.boolean()),
            _ => return false,
        }
        true
    }

    /// FIFOs and scripts.
    fn local(&mut self, word: &str, node: &Node, global: &mut Global, diagnostics: &mut Diagnostics) -> bool {
        let [all, vrrp, services] = &mut self.fifos;
        match word {
            "notify_fifo" => all.path = fifo(node, diagnostics),
            "vrrp_notify_fifo" => vrrp.path = fifo(node, diagnostics),
            "lvs_notify_fifo" => services.path = fifo(node, diagnostics),
            "notify_fifo_script" => all.script = reader(node, diagnostics),
            "vrrp_notify_fifo_script" => vrrp.script = reader(node, diagnostics),
            "lvs_notify_fifo_script" => services.script = reader(node, diagnostics),
            "fifo_write_vrrp_states_on_reload" => {
                set(&mut global.fifos.states_on_reload, Values::new(node, diagnostics).boolean());
            }
            "startup_script" => self.startup.0 = notify::script(node, diagnostics),
            "shutdown_script" => self.shutdown.0 = notify::script(node, diagnostics),
            "startup_script_timeout" => self.startup.1 = timeout(node, diagnostics).or(self.startup.1),
            "shutdown_script_timeout" => self.shutdown.1 = timeout(node, diagnostics).or(self.shutdown.1),
            _ => return false,
        }
        true
    }

    /// Fills in what was not said, and complains of what does not go together.
    pub(super) fn complete(self, node: &Node, global: &mut Global, diagnostics: &mut Diagnostics) {
        let timed = |(script, timeout): (Option<Script>, Option<Duration>)| {
            script.map(|script| TimedScript { script, timeout: timeout.unwrap_or(SCRIPT) })
        };
        global.startup_script = timed(self.startup).or(global.startup_script.take());
        global.shutdown_script = timed(self.shutdown).or(global.shutdown_script.take());
        let mut paths: Vec<PathBuf> = Vec::new();
        let targets = [&mut global.fifos.all, &mut global.fifos.vrrp, &mut global.fifos.services];
        for (said, target) in self.fifos.into_iter().zip(targets) {
            match (said.path, said.script) {
                (Some((path, _, span)), _) if paths.contains(&path) => diagnostics.push(
                    Diagnostic::new(&kind::DUPLICATE_NAME, format!("{} is used twice", path.display()))
                        .at(span)
                        .consequence("each line is written once"),
                ),
                (Some((path, user, _)), script) => {
                    paths.push(path.clone());
                    *target = Some(Fifo { path, user, script: script.map(|(script, _)| script) });
                }
                (None, Some((_, span))) => diagnostics.push(
                    Diagnostic::new(&kind::MISSING_WORD, "a script that reads a FIFO, and no FIFO")
                        .at(span)
                        .consequence("it is not run"),
                ),
                (None, None) => {}
            }
        }
        let mail = &mut global.mail;
        let host = nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned();
        if mail.sender.is_empty() {
            mail.sender = format!("keepalived@{host}");
        }
        if mail.greeting.is_empty() {
            mail.greeting = host;
        }
        if !mail.recipients.is_empty() && mail.server.is_none() {
            diagnostics.push(
                Diagnostic::new(
                    &kind::MAIL_WITHOUT_SERVER,
                    "there is a notification_email and no smtp_server",
                )
                .at(node.span())
                .consequence("no mail is sent")
                .help("add `smtp_server HOST`"),
            );
        }
        if let Some((name, span)) = self.username {
            if matches!(mail.security, MailSecurity::Off | MailSecurity::Try) {
                diagnostics.push(
                    Diagnostic::new(&kind::PASSWORD_IN_THE_CLEAR, "an account is for mail under TLS only")
                        .at(span)
                        .consequence("mail is sent without it")
                        .help("add `smtp_tls starttls` or `smtp_tls wrapped`"),
                );
            } else {
                mail.account = Some((name, self.password.unwrap_or_default()));
            }
        }
    }
}

/// `FIFO [user [group]]`.
fn fifo(node: &Node, diagnostics: &mut Diagnostics) -> Option<(PathBuf, Option<ScriptUser>, Span)> {
    let mut values = Values::new(node, diagnostics);
    let path = values.required(0, "a path")?;
    values.no_more_than(3);
    let name = |index: usize| node.values.get(index).map(|token| token.text.to_string());
    let user = name(1).map(|user| ScriptUser { user, group: name(2) });
    Some((PathBuf::from(path.text.as_str()), user, path.span))
}

fn reader(node: &Node, diagnostics: &mut Diagnostics) -> Option<(Script, Span)> {
    notify::script(node, diagnostics).map(|script| (script, node.word.span))
}

fn timeout(node: &Node, diagnostics: &mut Diagnostics) -> Option<Duration> {
    Values::new(node, diagnostics).number(1..=1_000).map(Duration::from_secs)
}

/// What can stand between `<` and `>` on a line of SMTP.
fn is_address(text: &str) -> bool {
    !text.is_empty()
        && !text.contains(|char: char| char.is_whitespace() || char.is_control() || "<>".contains(char))
}

/// The port of mail servers.
const SMTP: u16 = 25;
/// What the scripts of start and end may take when nobody says.
const SCRIPT: Duration = Duration::from_secs(10);
