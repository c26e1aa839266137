//! The words of keepalived.md with samples of their values: `corpus/words.txt`.

use std::path::{Path, PathBuf};

/// A word in its block, with a value that is taken and one that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    /// The block, by the word that opens it; `root` outside of all.
    pub(crate) block: String,
    /// The word.
    pub(crate) word: String,
    /// A good value; empty if the word needs none.
    pub(crate) good: String,
    /// A wrong one, if a value can be wrong.
    pub(crate) wrong: Option<String>,
}

/// Every word of the list.
pub(crate) fn samples() -> Vec<Sample> {
    let text = std::fs::read_to_string(folder().join("words.txt")).unwrap();
    let mut blocks = Vec::new();
    let mut samples = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[') {
            blocks = name.trim_end_matches(']').split(' ').map(str::to_owned).collect();
            continue;
        }
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let [word, good, wrong] = parts[..] else { panic!("{line}") };
        samples.extend(blocks.iter().map(|block| Sample {
            block: block.clone(),
            word: word.to_owned(),
            good: good.to_owned(),
            wrong: (!wrong.is_empty()).then(|| wrong.to_owned()),
        }));
    }
    samples
}

/// Where the cases are kept.
pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/corpus")
}

/// A line of the list as lines of a file: keepalived wants a line for each word and brace.
pub(super) fn unfolded(line: &str) -> String {
    line.replace(" ; ", "\n").replace("{ ", "{\n").replace(" }", "\n}")
}

/// A whole file in which these lines stand in a block of this name, with what they may refer to: the routers A and B, the
/// script s, the file f, the process p and the session b.
pub(super) fn within(block: &str, lines: &str) -> String {
    let instance = |lines: &str| {
        format!(
            "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 5\nvirtual_ipaddress {{\n192.0.2.1/24\n}}\n{lines}\n}}\n"
        )
    };
    let server = |lines: &str| {
        format!(
            "virtual_server 192.0.2.1 80 {{\nprotocol TCP\nlb_algo rr\nlb_kind NAT\n{lines}\nreal_server 10.0.0.1 80 {{\n}}\n}}\n"
        )
    };
    let real = |lines: &str| {
        format!(
            "virtual_server 192.0.2.1 80 {{\nprotocol TCP\nlb_algo rr\nlb_kind NAT\nreal_server 10.0.0.1 80 {{\n{lines}\n}}\n}}\n"
        )
    };
    // A word that each of these blocks must have, unless it is the one that is tried.
    let needed =
        |word: &str, line: &str| if lines.starts_with(word) { String::new() } else { format!("{line}\n") };
    let text = match block {
        "root" => instance("") + lines,
        "global_defs" => instance("") + &format!("global_defs {{\n{lines}\n}}"),
        "vrrp_instance" => instance(lines),
        "authentication" => {
            instance(&format!("authentication {{\nauth_type PASS\nauth_pass secret\n{lines}\n}}"))
        }
        "auth_hmac" => instance(&format!(
            "version 3\nauth_hmac {{\nkey 1 hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n{lines}\n}}"
        )),
        "vrrp_sync_group" => {
            instance("")
                + &format!("vrrp_sync_group G {{\n{}{lines}\n}}", needed("group", "group {\nA\nB\n}"))
        }
        "vrrp_script" => format!("vrrp_script t {{\n{}{lines}\n}}", needed("script", "script \"/bin/true\"")),
        "vrrp_track_process" => {
            format!("vrrp_track_process t {{\n{}{lines}\n}}", needed("process", "process crond"))
        }
        "track_file" => format!("track_file t {{\n{}{lines}\n}}", needed("file", "file /tmp/t")),
        "track_group" => {
            instance("") + &format!("track_group t {{\n{}{lines}\n}}", needed("group", "group {\nA\n}"))
        }
        "bfd_instance" => {
            format!("bfd_instance t {{\n{}{lines}\n}}", needed("neigh", "neighbor_ip 192.0.2.77"))
        }
        "garp_group" => format!(
            "garp_group {{\n{}{}{lines}\n}}",
            needed("interface", "interface eth0"),
            needed("garp", "garp_interval 1")
        ),
        "SSL" => format!("SSL {{\n{lines}\n}}"),
        "virtual_server" => server(lines),
        "real_server" => real(lines),
        "url" => real(&format!("HTTP_GET {{\nurl {{\npath /\n{lines}\n}}\n}}")),
        "host" => real(&format!("SMTP_CHECK {{\nhost {{\n{lines}\n}}\n}}")),
        "HTTP_GET" => real(&format!("HTTP_GET {{\nurl {{\npath /\n}}\n{lines}\n}}")),
        "MISC_CHECK" => real(&format!("MISC_CHECK {{\nmisc_path \"/bin/true\"\n{lines}\n}}")),
        "BFD_CHECK" => real(&format!("BFD_CHECK {{\n{}{lines}\n}}", needed("name", "name b"))),
        "FILE_CHECK" => real(&format!("FILE_CHECK {{\n{}{lines}\n}}", needed("track_file", "track_file f"))),
        "TCP_CHECK" | "SMTP_CHECK" | "DNS_CHECK" | "UDP_CHECK" | "PING_CHECK" => {
            real(&format!("{block} {{\n{lines}\n}}"))
        }
        unknown => panic!("no frame for {unknown}"),
    };
    format!("{FRAME}{text}\n")
}

const FRAME: &str = "global_defs {
enable_script_security
script_user root
}
vrrp_script s {
script \"/bin/true\"
}
track_file f {
file /tmp/x
}
vrrp_track_process p {
process sshd
}
bfd_instance b {
neighbor_ip 192.0.2.7
}
vrrp_instance B {
interface eth0
virtual_router_id 105
virtual_ipaddress {
192.0.2.101/24
}
}
";
