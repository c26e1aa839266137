//! `-v`: what tools ask before they ask anything else.
//!
//! keepalived-exporter takes the version from behind the first blank and looks for `--enable-json`; CVE scanners look
//! for `Keepalived v` and three numbers. keepalived prints on standard error.

/// As itself.
pub fn text() -> String {
    format!("steadfast v{} (as keepalived v{KEEPALIVED})\n{}", env!("CARGO_PKG_VERSION"), built())
}

/// For who called it `keepalived`.
pub fn as_keepalived() -> String {
    format!("Keepalived v{KEEPALIVED} (steadfast v{})\n{}", env!("CARGO_PKG_VERSION"), built())
}

fn built() -> String {
    let running = nix::sys::utsname::uname().map_or_else(
        |_| String::from("an unknown system"),
        |name| format!("{} {}", name.sysname().display(), name.release().display()),
    );
    format!(
        "\nRunning on {running}\n\nconfigure options: --enable-json --enable-bfd --enable-regex\n\n\
         Config options:  NFTABLES LVS REGEX VRRP VRRP_AUTH VRRP_VMAC VRRP_IPVLAN JSON BFD\n"
    )
}

/// Whose language and interfaces these are.
const KEEPALIVED: &str = "2.4.3";
