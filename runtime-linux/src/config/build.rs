//! From the tree to [`Configuration`]: words are recognised, values parsed, defaults filled in, names resolved.
//!
//! Each block has a file. What is wrong is complained about and left out, as keepalived does.

use std::sync::Arc;

use ipvs_core::Mode;

use super::diagnose::{Diagnostic, Diagnostics, kind};
use super::keyword::{Block, Class, Status, Takes, Word, blocks_of};
use super::model::{Configuration, DataPlane, Script};
use super::source::Span;
use super::tree::{Node, Tree};
use super::value::Values;
use super::{Options, Purpose};

mod address;
mod authentication;
mod bfd;
mod check;
mod complete;
mod garp;
mod global;
mod group;
mod household;
mod instance;
mod lvs;
mod notice;
mod notify;
mod rare;
mod reload;
mod route;
mod route_encap;
mod route_metric;
mod route_names;
mod route_words;
mod routing;
mod rule;
mod script;
mod server;
mod service;
mod snmp;
mod static_blocks;
mod track;
mod track_group;
mod tuning;
mod unbuilt;
mod virtual_interface;
mod watch;

pub(super) use check::identity_of;
pub use reload::mask;
pub use service::Remembered;

/// Makes a configuration of a tree, for the purpose of these options. What is `remembered` of another one is taken from
/// it; afterwards it is what is to be remembered of this one.
pub fn build(
    tree: &Tree,
    options: &Options,
    remembered: &mut Remembered,
    diagnostics: &mut Diagnostics,
) -> Configuration {
    let nodes = tree.heads();
    let mut configuration = Configuration::default();
    let mut defaults = global::Defaults::default();
    // Global words count wherever they stand, so they are read first.
    each(nodes, Block::Root, diagnostics, |word, node, diagnostics| {
        if global::place(word, node, &mut configuration.global, diagnostics)
            || household::root(word, node, &mut configuration.global, diagnostics)
        {
            return true;
        }
        if word == "global_defs" {
            global::read(node, &mut configuration.global, &mut defaults, diagnostics);
        }
        true
    });
    if configuration.global.router_id.is_empty() {
        let name = nix::unistd::gethostname().unwrap_or_default();
        configuration.global.router_id = name.to_string_lossy().into_owned();
    }
    // Before the services are read: what only SNMP tells of them is kept where it is wanted.
    configuration.global.snmp.overrule(options.snmp, options.snmp_socket.as_ref());
    tuning::read_blocks(nodes, &mut configuration.global.tuning, diagnostics);
    configuration.scripts = script::read_all(nodes, diagnostics);
    configuration.files = watch::files(nodes, diagnostics);
    configuration.processes = watch::processes(nodes, diagnostics);
    configuration.bfd = bfd::read_all(nodes, diagnostics);
    let known = track::Known {
        scripts: &configuration.scripts,
        files: &configuration.files,
        processes: &configuration.processes,
        bfd: &configuration.bfd,
    };
    let (mut instances, rest) = instance::read_all(tree, &defaults, known, diagnostics);
    configuration.groups = group::read_all(nodes, &mut instances, &defaults, known, diagnostics);
    configuration.fixtures = routing::read(nodes, &rest, &defaults, &mut instances, diagnostics);
    configuration.instances = instances.into_iter().map(Arc::new).collect();
    let followed = check::followed::Known::of(&configuration);
    defaults.keeps_words = configuration.global.snmp.checker && options.purpose == Purpose::Run;
    if defaults.keeps_words {
        configuration.server_groups = service::kept_groups(nodes);
    }
    configuration.virtual_servers =
        service::read_all(tree, &defaults, &followed, options.purpose, remembered, diagnostics);
    lvs::complete(&rest, core::mem::take(&mut defaults.sync), &mut configuration, diagnostics);
    complain_of_data_plane(&configuration, diagnostics);
    script::complain_of_security(&configuration, diagnostics);
    configuration
}

/// What a service asks of its data plane in vain: the user-space plane has no persistence engines, and the kernel's
/// IPVS has its schedulers in one form only.
fn complain_of_data_plane(configuration: &Configuration, diagnostics: &mut Diagnostics) {
    let in_user_space = configuration.global.data_plane == DataPlane::User;
    for service in configuration.virtual_servers.iter().flat_map(|server| server.services()) {
        if !in_user_space && service.mode == Mode::Improved {
            let message = format!("the kernel's IPVS has no `lb_mode improved` for {}", service.key);
            diagnostics.push(
                Diagnostic::new(&kind::MODE_NOT_IN_KERNEL, message)
                    .consequence(format!(
                        "where the kernel has IPVS, `{}` works as it always did",
                        service.method
                    ))
                    .help("say `data_plane user`"),
            );
        }
        if !in_user_space {
            continue;
        }
        if let Some(engine) = service.engine {
            let message = format!(
                "`data_plane user` has no persistence engine `{}` for {}",
                engine.name(),
                service.key
            );
            diagnostics.push(
                Diagnostic::new(&kind::METHOD_NOT_IN_USER_SPACE, message)
                    .consequence("the service is not set up")
                    .help("leave `persistence_engine` out, or take the kernel's data plane"),
            );
        }
    }
}

/// What a line of `block` runs, if it is one of the words about scripts; `siblings` are the lines beside it.
pub(super) fn script_of(node: &Node, siblings: &[Node], block: &str) -> Option<Script> {
    // What is wrong with the line was said when it was read.
    let mut said = Diagnostics::default();
    match (block, node.word.text.as_str()) {
        ("vrrp_script", "script") | ("MISC_CHECK", "misc_path") => {
            let script = Values::new(node, &mut said).script()?;
            let user = siblings.iter().rev().find(|line| line.word.text == "user");
            let user = user.and_then(|line| script::read_user(line, &mut said));
            Some(Script { user: user.map(Box::new).or(script.user), words: script.words })
        }
        (
            "vrrp_instance" | "vrrp_sync_group",
            "notify"
            | "notify_master"
            | "notify_backup"
            | "notify_fault"
            | "notify_stop"
            | "notify_deleted"
            | "notify_master_rx_lower_pri",
        )
        | ("virtual_server", "quorum_up" | "quorum_down")
        | ("real_server", "notify_up" | "notify_down")
        | (
            "global_defs",
            "startup_script"
            | "shutdown_script"
            | "notify_fifo_script"
            | "vrrp_notify_fifo_script"
            | "lvs_notify_fifo_script",
        ) => notify::script(node, &mut said),
        _ => None,
    }
}

/// The blocks at the root that `name` opens, in file order.
fn blocks<'n>(nodes: &'n [Node], name: &'static str) -> impl Iterator<Item = &'n Node> {
    nodes.iter().filter(move |node| node.word.text == name)
}

/// Calls `take` with the name of each known word in a block, aliases resolved; complains about the others.
///
/// `take` returns false for a word that it does not act on; that is noted as accepted without effect.
fn each<'n>(
    nodes: &'n [Node],
    block: Block,
    diagnostics: &mut Diagnostics,
    mut take: impl FnMut(&'static str, &'n Node, &mut Diagnostics) -> bool,
) {
    for node in nodes {
        let Some(word) = known(node, block, diagnostics) else { continue };
        shape(node, word, diagnostics);
        let word = resolve(node, word, block, diagnostics);
        let acted = take(word.name, node, diagnostics);
        match word.status {
            Status::Built | Status::Alias(_) if acted => {}
            Status::Built | Status::Alias(_) | Status::Needless(_) => {
                without_effect(node, word, block, diagnostics);
            }
            Status::Missed(instead) => {
                diagnostics.push(
                    Diagnostic::new(
                        &kind::NOT_BUILT,
                        format!("`{}` is accepted, without effect", node.word.text),
                    )
                    .at(node.word.span)
                    .consequence(instead),
                );
                without_effect(node, word, block, diagnostics);
            }
        }
    }
}

/// Notes a word without effect, and looks at its values and for unknown words in its block.
fn without_effect(node: &Node, word: &Word, block: Block, diagnostics: &mut Diagnostics) {
    unbuilt::check(word.name, node, diagnostics);
    diagnostics.without_effect(node.word.text.to_string(), block.name(), node.word.span);
    if let Takes::Block(inner) = word.takes {
        only_known(node.children(), inner, diagnostics);
    }
}

fn only_known(nodes: &[Node], block: Block, diagnostics: &mut Diagnostics) {
    for node in nodes {
        let Some(word) = known(node, block, diagnostics) else { continue };
        shape(node, word, diagnostics);
        unbuilt::check(word.name, node, diagnostics);
        if let Takes::Block(inner) = word.takes {
            only_known(node.children(), inner, diagnostics);
        }
    }
}

fn known(node: &Node, block: Block, diagnostics: &mut Diagnostics) -> Option<&'static Word> {
    let name = node.word.text.as_str();
    let word = block.word(name);
    if word.is_none() {
        unknown(node, block, diagnostics);
    }
    word
}

fn unknown(node: &Node, block: Block, diagnostics: &mut Diagnostics) {
    let name = node.word.text.as_str();
    if matches!(name, "{" | "}") {
        return;
    }
    let consequence = if node.block.is_some() { "it is ignored, with its block" } else { "it is ignored" };
    let elsewhere: Vec<&str> = blocks_of(name).into_iter().map(Block::name).collect();
    let suggestion = block.suggestion(name);
    let mut diagnostic = if elsewhere.is_empty() {
        let diagnostic = Diagnostic::new(&kind::UNKNOWN_WORD, format!("unknown word `{name}`"));
        match suggestion {
            Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
            None if name.contains('=') => {
                diagnostic.help("a definition is written `$NAME=value`, without blanks before the `=`")
            }
            None => diagnostic,
        }
    } else {
        let places: Vec<&str> = elsewhere
            .iter()
            .map(|block| if block.is_empty() { "outside every block" } else { block })
            .collect();
        let here = if block == Block::Root { "outside every block" } else { block.name() };
        let diagnostic = Diagnostic::new(&kind::MISPLACED_WORD, format!("`{name}` has no meaning in {here}"));
        match (name, block) {
            ("lb_kind", Block::RealServer) => diagnostic.help("a real server's own method is `lvs_method`"),
            _ => diagnostic.help(format!("it belongs in {}", places.join(", "))),
        }
    };
    diagnostic = diagnostic.at(node.word.span).consequence(consequence);
    if let Some(used) = &node.word.used {
        diagnostic = diagnostic.related(**used, "brought in here");
    }
    diagnostics.push(diagnostic);
}

/// Complains where a block is missing, or stands where none can be.
fn shape(node: &Node, word: &Word, diagnostics: &mut Diagnostics) {
    match (word.takes, &node.block) {
        (Takes::Block(_) | Takes::List, None) => diagnostics.push(
            Diagnostic::new(&kind::MISSING_BLOCK, format!("`{}` has no block", word.name))
                .at(node.span().after())
                .label("expected `{`")
                .consequence("it is taken as empty"),
        ),
        (Takes::Values, Some(_)) => diagnostics.push(
            Diagnostic::new(&kind::UNEXPECTED_BLOCK, format!("`{}` takes no block", word.name))
                .at(node.word.span)
                .consequence("the block is ignored"),
        ),
        (Takes::Block(_) | Takes::List, Some(_)) | (Takes::Values, None) => {}
    }
}

/// The word that an alias stands for; an old one is remarked upon.
fn resolve(node: &Node, word: &'static Word, block: Block, diagnostics: &mut Diagnostics) -> &'static Word {
    let Status::Alias(of) = word.status else { return word };
    if word.class == Class::Old {
        diagnostics.push(
            Diagnostic::new(&kind::OLD_WORD, format!("`{}` is the old name of `{of}`", word.name))
                .at(node.word.span)
                .help(format!("write `{of}`")),
        );
    }
    block.word(of).unwrap_or(word)
}

/// The name behind the word that opens a block; complains if there is none.
fn name_of(node: &Node, diagnostics: &mut Diagnostics) -> Option<String> {
    let mut values = Values::new(node, diagnostics);
    let name = values.required(0, "a name")?;
    values.no_more_than(1);
    Some(name.text.to_string())
}

/// Complains about a name that was given before.
fn duplicate(node: &Node, what: &str, name: &str, first: Span, diagnostics: &mut Diagnostics) {
    diagnostics.push(
        Diagnostic::new(&kind::DUPLICATE_NAME, format!("there are two of {what} `{name}`"))
            .at(node.span())
            .related(first, "the first one")
            .consequence("the second one is ignored"),
    );
}
