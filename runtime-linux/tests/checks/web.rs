//! nginx: pages, virtual hosts, and TLS in every quality.

use std::process::Command;

use runtime_linux::lab::{Node, Process};

use crate::certificate::{Authority, self_signed};
use crate::scene::PATIENCE;

/// Starts it. Its certificates are signed by `authority`, but for those that must not be.
pub(crate) fn start(node: &Node, authority: &Authority) -> Process {
    let pairs = [
        ("www", authority.sign("www.example", 2001, 2100)),
        ("shop", authority.sign("shop.example", 2001, 2100)),
        ("address", authority.sign("198.18.0.2", 2001, 2100)),
        ("expired", authority.sign("www.example", 2001, 2002)),
        ("early", authority.sign("www.example", 2099, 2100)),
        ("self", self_signed("www.example")),
        ("stranger", Authority::new("stranger").sign("www.example", 2001, 2100)),
    ];
    for (name, pair) in pairs {
        node.install(format!("/run/tls/{name}.pem"), pair.certificate.as_bytes(), 0o644).unwrap();
        node.install(format!("/run/tls/{name}.key"), pair.key.as_bytes(), 0o600).unwrap();
    }
    node.install("/run/tls/authority.pem", authority.pem().as_bytes(), 0o644).unwrap();
    // Served with ssi, so that its length is unknown and it is sent in chunks.
    node.install("/run/web/page.html", "steadfast ".repeat(5000).as_bytes(), 0o644).unwrap();
    node.install("/run/web/nginx.conf", CONFIGURATION.as_bytes(), 0o644).unwrap();
    run(node)
}

/// Starts it with the files that are there.
pub(crate) fn run(node: &Node) -> Process {
    let mut command = Command::new("/usr/sbin/nginx");
    command.args(["-c", "/run/web/nginx.conf", "-e", "stderr"]);
    let process = node.spawn(command).unwrap();
    process
        .wait_for("start worker process", PATIENCE)
        .unwrap_or_else(|| panic!("nginx: {:?}", process.log()));
    process
}

const CONFIGURATION: &str = r#"
daemon off;
worker_processes 1;
user root;
pid /run/web/nginx.pid;
error_log stderr notice;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path /run/web/body;
    proxy_temp_path /run/web/proxy;
    fastcgi_temp_path /run/web/fastcgi;
    uwsgi_temp_path /run/web/uwsgi;
    scgi_temp_path /run/web/scgi;
    default_type text/plain;
    server {
        listen 80 default_server;
        location = /health { return 200 "status ok"; }
        location = /busy { return 503; }
        location = /moved { return 302 http://elsewhere.example/; }
        location = /none { return 204; }
        # Ends the connection without a word.
        location = /gone { return 444; }
        location = /page.html { root /run/web; ssi on; ssi_types *; }
        location = /chunked { return 200 "$server_protocol $http_host $http_user_agent"; }
    }
    server { listen 80; server_name shop.example; location / { return 200 "the shop"; } }
    server {
        listen 443 ssl default_server;
        ssl_certificate /run/tls/www.pem; ssl_certificate_key /run/tls/www.key;
        location / { return 200 "www at $ssl_server_name"; }
    }
    server {
        listen 443 ssl; server_name shop.example;
        ssl_certificate /run/tls/shop.pem; ssl_certificate_key /run/tls/shop.key;
        location / { return 200 "shop at $ssl_server_name"; }
    }
    server {
        listen 4430 ssl;
        ssl_certificate /run/tls/address.pem; ssl_certificate_key /run/tls/address.key;
        location / { return 200 "ok"; }
    }
    server {
        listen 4431 ssl;
        ssl_certificate /run/tls/expired.pem; ssl_certificate_key /run/tls/expired.key;
        location / { return 200 "ok"; }
    }
    server {
        listen 4432 ssl;
        ssl_certificate /run/tls/early.pem; ssl_certificate_key /run/tls/early.key;
        location / { return 200 "ok"; }
    }
    server {
        listen 4433 ssl;
        ssl_certificate /run/tls/self.pem; ssl_certificate_key /run/tls/self.key;
        location / { return 200 "ok"; }
    }
    server {
        listen 4434 ssl;
        ssl_certificate /run/tls/stranger.pem; ssl_certificate_key /run/tls/stranger.key;
        location / { return 200 "ok"; }
    }
    # What nobody should speak any more.
    server {
        listen 4435 ssl; ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;
        ssl_certificate /run/tls/www.pem; ssl_certificate_key /run/tls/www.key;
    }
    server { listen 4436 ssl; ssl_reject_handshake on; }
    # Know their visitors by their certificates; those of the one are others.
    server {
        listen 4437 ssl; ssl_verify_client on; ssl_client_certificate /run/tls/stranger.pem;
        ssl_certificate /run/tls/www.pem; ssl_certificate_key /run/tls/www.key;
        location / { return 200 "ok"; }
    }
    server {
        listen 4438 ssl; ssl_verify_client on; ssl_client_certificate /run/tls/authority.pem;
        ssl_certificate /run/tls/www.pem; ssl_certificate_key /run/tls/www.key;
        location / { return 200 "$ssl_client_s_dn"; }
    }
}
"#;
