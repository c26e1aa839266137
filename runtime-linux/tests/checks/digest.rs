//! `genhash` against nginx, with TLS and virtual hosts, beside keepalived's.

use std::process::Command;

use runtime_linux::lab::{self, Node};

use crate::certificate::Authority;
use crate::scene::PATIENCE;
use crate::web;

#[test]
#[ignore = "needs nginx, keepalived, root"]
fn digests_of_pages_are_those_of_keepaliveds_genhash() {
    lab::test(|| {
        let node = Node::new("host").unwrap();
        node.set_link("lo", true).unwrap();
        let _web = web::start(&node, &Authority::new("checks"));
        let pages = [
            "-p 80 -u /health",
            "-p 80 -u / -V shop.example",
            "-p 80 -u /page.html",
            "-p 80 -u /busy",
            "-S -p 443 -u / -V www.example",
            "-S -I -p 443 -u / -V shop.example",
        ];
        let mut different = Vec::new();
        for arguments in pages {
            let [ours, theirs] = [(env!("CARGO_BIN_EXE_steadfast"), "genhash"), ("keepalived", "--genhash")]
                .map(|(program, tool)| digest(&node, program, tool, arguments));
            assert_eq!(ours.len(), 32, "{arguments}: {ours}");
            if ours != theirs {
                different.push(format!("{arguments}: {ours}, not {theirs}"));
            }
        }
        assert_eq!(different, Vec::<String>::new());
    });
}

/// What a tool prints first.
fn digest(node: &Node, program: &str, tool: &str, arguments: &str) -> String {
    let mut command = Command::new(program);
    command.arg(tool).args(["-s", "127.0.0.1"]).args(arguments.split(' '));
    let process = node.spawn(command).unwrap();
    process.wait(PATIENCE).expect("it ends");
    process.log().first().map(|line| line.text.trim().to_owned()).unwrap_or_default()
}
