//! The whole daemon, and what it keeps in the kernel beside services: timeouts, sync daemons, other people's services.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::machine::{inside, ipvsadm};
use crate::waiting::PATIENCE;

#[test]
#[ignore = "needs the IPVS virtual machine"]
fn timeouts_and_sync_daemons_follow_the_file_and_the_router_and_are_given_back() {
    inside(|| {
        let host = Host::new();
        assert_eq!(timeouts(), "900 120 300");
        host.write(
            "lvs_timeouts tcp 800 udp 200\nlvs_sync_daemon eth9 A id 9 ttl 3\nlvs_reconcile_interval 0.5",
            "",
        );
        let daemon = host.start(&[]);
        host.until("a backup that listens", || {
            sync_daemons() == ["backup sync daemon (mcast=eth9, syncid=9, maxlen=1472, group=224.0.0.81, port=8848, ttl=3)"]
        });
        assert_eq!(timeouts(), "800 120 200");
        let master =
            ["master sync daemon (mcast=eth9, syncid=9, maxlen=1472, group=224.0.0.81, port=8848, ttl=3)"];
        host.until("a master that sends", || sync_daemons() == master);

        ipvsadm(&["--stop-daemon", "master"]);
        ipvsadm(&["--set", "700", "110", "0"]);
        host.until("both put right", || sync_daemons() == master && timeouts() == "800 110 200");
        host.ip(&["link", "delete", "eth9"]);
        host.interface();
        host.until("a daemon on the interface that was made anew", || {
            host.log().contains("the master sync daemon was changed, or its interface was made anew")
                || host.log().contains("as backup")
        });

        daemon.stop();
        assert_eq!((timeouts().as_str(), sync_daemons()), ("900 110 300", vec![]), "what was not ours stays");
    });
}

#[test]
#[ignore = "needs the IPVS virtual machine"]
fn damage_is_repaired_and_told_once_and_what_others_made_stays() {
    inside(|| {
        let host = Host::new();
        ipvsadm(&["-A", "-t", "192.0.2.200:25", "-s", "rr"]);
        let service = "virtual_server 192.0.2.1 80 {\nprotocol TCP\nlb_algo rr\nlb_kind DR\nreal_server 198.51.100.1 80 \
                       {\nuthreshold 9\nlthreshold 5\n}\nreal_server 198.51.100.2 80 {\nweight 2\n}\n}";
        host.write("lvs_reconcile_interval 0.5", service);
        let daemon = host.start(&[]);
        let foreign = "-A -t 192.0.2.200:25 -s rr";
        let ours = [
            "-A -t 192.0.2.1:80 -s rr",
            "-a -t 192.0.2.1:80 -r 198.51.100.1:80 -g -w 1",
            "-a -t 192.0.2.1:80 -r 198.51.100.2:80 -g -w 2",
        ];
        let whole = [&ours[..], &[foreign]].concat();
        host.until("the service", || save() == whole);

        ipvsadm(&["-e", "-t", "192.0.2.1:80", "-r", "198.51.100.2:80", "-g", "-w", "7"]);
        ipvsadm(&["-d", "-t", "192.0.2.1:80", "-r", "198.51.100.1:80"]);
        ipvsadm(&["-a", "-t", "192.0.2.1:80", "-r", "198.51.100.3:80", "-g"]);
        host.until("three repairs", || save() == whole);
        let thresholds = ipvsadm(&["-Ln", "--thresholds", "-t", "192.0.2.1:80"]);
        let limited = thresholds.lines().find(|line| line.contains("198.51.100.1:80")).unwrap();
        assert_eq!(
            limited.split_whitespace().skip(2).take(2).collect::<Vec<_>>(),
            ["9", "5"],
            "{thresholds}"
        );
        ipvsadm(&["-E", "-t", "192.0.2.1:80", "-s", "none"]);
        host.until("the scheduler", || save() == whole);
        ipvsadm(&["-C"]);
        host.until("the service again", || save() == ours);
        let log = host.log();
        for words in [
            "real server 198.51.100.2:80 had weight 7 instead of 2",
            "service [192.0.2.1]:tcp:80, it is put right: it had a scheduler or persistence of its own kind",
            "service [192.0.2.1]:tcp:80, it is put right: it was gone",
        ] {
            assert_eq!(log.matches(words).count(), 1, "{words} in {log}");
        }

        ipvsadm(&["-A", "-t", "192.0.2.200:25", "-s", "rr"]);
        daemon.stop();
        assert_eq!(save(), [foreign]);
        let daemon = host.start(&["--dont-release-ipvs"]);
        host.until("the service of a second start", || save() == whole);
        daemon.stop();
        assert_eq!(save(), whole, "-I leaves it");
        host.write("lvs_flush\nlvs_flush_on_stop", service);
        let daemon = host.start(&[]);
        host.until("others to be flushed", || save() == ours);
        ipvsadm(&["-A", "-t", "192.0.2.200:25", "-s", "rr"]);
        daemon.stop();
        assert_eq!(save(), [""; 0], "all of it, as lvs_flush_on_stop says");
    });
}

#[test]
#[ignore = "needs the IPVS virtual machine"]
fn services_are_made_in_the_namespace_that_is_named() {
    inside(|| {
        let host = Host::new();
        host.ip(&["netns", "add", "blue"]);
        // Where no link ever was up, the kernel takes no address for one of a real server.
        host.ip(&["-n", "blue", "link", "set", "lo", "up"]);
        let there = || {
            let output =
                Command::new("ip").args(["netns", "exec", "blue", "ipvsadm", "-S", "-n"]).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let service =
            "virtual_server 192.0.2.1 80 {\nprotocol TCP\nlb_algo rr\nreal_server 198.51.100.1 80 {\n}\n}";
        host.write("net_namespace_ipvs blue", service);
        let daemon = host.start(&[]);
        host.until("the service", || there().contains("-a -t 192.0.2.1:80 -r 198.51.100.1:80 -m -w 1"));
        assert_eq!(save(), [""; 0]);
        daemon.stop();
        assert_eq!(there(), "");
        host.ip(&["netns", "delete", "blue"]);
    });
}

/// An empty table, an interface and a place for files.
struct Host {
    directory: PathBuf,
}

impl Host {
    fn new() -> Self {
        ipvsadm(&["-C"]);
        ipvsadm(&["--set", "900", "120", "300"]);
        let directory = PathBuf::from("/tmp/steadfast-kernel");
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        let host = Self { directory };
        let _ = Command::new("ip").args(["link", "delete", "eth9"]).output();
        host.interface();
        host
    }

    fn interface(&self) {
        self.ip(&["link", "add", "eth9", "type", "dummy"]);
        self.ip(&["link", "set", "eth9", "up", "multicast", "on"]);
        self.ip(&["address", "add", "192.0.2.10/24", "dev", "eth9"]);
    }

    fn ip(&self, arguments: &[&str]) {
        let output = Command::new("ip").args(arguments).output().unwrap();
        assert!(output.status.success(), "ip {arguments:?} for {}: {output:?}", self.directory.display());
    }

    /// A file with one router, `A`, that takes over within a second and a half.
    fn write(&self, global: &str, rest: &str) {
        let router = "vrrp_instance A {\ninterface eth9\nvirtual_router_id 5\npriority 200\nversion 3\nadvert_int 0.3\n\
                      virtual_ipaddress {\n192.0.2.100\n}\n}";
        let text = format!("global_defs {{\n{global}\n}}\n{router}\n{rest}\n");
        std::fs::write(self.directory.join("keepalived.conf"), text).unwrap();
    }

    fn start(&self, more: &[&str]) -> Daemon {
        let log = std::fs::File::create(self.directory.join("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_steadfast"))
            .args(["--dont-fork", "--log-console", "--no-syslog", "--use-file"])
            .arg(self.directory.join("keepalived.conf"))
            .arg("--pid")
            .arg(self.directory.join("pid"))
            .args(more)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Daemon(child)
    }

    fn log(&self) -> String {
        read(&self.directory.join("log"))
    }

    fn until(&self, what: &str, mut reached: impl FnMut() -> bool) {
        let seen = crate::waiting::until(PATIENCE, || reached().then_some(()));
        assert!(seen.is_some(), "no {what}: {} {:?} {}", timeouts(), save(), self.log());
    }
}

struct Daemon(Child);

impl Daemon {
    fn stop(mut self) {
        kill(Pid::from_raw(self.0.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn timeouts() -> String {
    let said = ipvsadm(&["-L", "--timeout"]);
    said.trim().rsplit_once(": ").unwrap().1.to_owned()
}

fn sync_daemons() -> Vec<String> {
    ipvsadm(&["-L", "--daemon"]).lines().map(|line| line.trim().to_owned()).collect()
}

fn save() -> Vec<String> {
    let mut lines = super::save();
    // Ours first.
    lines.sort_by_key(|line| line.contains(":25"));
    lines
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
