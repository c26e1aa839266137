//! Two directors in namespaces of their own: the one that comes back waits for connections before it preempts.

use core::time::Duration;
use std::path::PathBuf;
use std::process::{Child, Command};

use runtime_linux::clock;

use crate::machine::inside;

#[test]
#[ignore = "needs the IPVS virtual machine"]
fn a_router_that_comes_back_preempts_when_connections_have_stopped_coming_and_no_sooner() {
    inside(|| {
        let pair = Pair::new();
        let lesser = pair.start("one", 100, "");
        until("the lesser router", || pair.holds("one"));
        let start = clock::now();
        let better = pair.start("two", 200, "lvs_sync_daemon two A\nlvs_sync_wait 60");
        until("the better router", || pair.holds("two"));
        let taken = clock::now().saturating_sub(start);
        // Five quiet seconds; without them it is one, with the whole time of the keyword it is sixty.
        assert!((Duration::from_secs(5)..Duration::from_secs(20)).contains(&taken), "after {taken:?}");
        let log = std::fs::read_to_string(pair.directory.join("two.log")).unwrap();
        assert!(log.contains("(A) may preempt: connections have arrived"), "{log}");
        drop((lesser, better));
    });
}

struct Pair {
    directory: PathBuf,
}

struct Director(Child);

impl Pair {
    fn new() -> Self {
        let directory = PathBuf::from("/tmp/steadfast-wait");
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        for line in [
            "netns add one",
            "netns add two",
            "link add one netns one type veth peer name two netns two",
            "-n one address add 192.0.2.1/24 dev one",
            "-n two address add 192.0.2.2/24 dev two",
            "-n one link set one up",
            "-n two link set two up",
        ] {
            ip(line);
        }
        Self { directory }
    }

    fn start(&self, name: &str, priority: u8, global: &str) -> Director {
        let file = self.directory.join(name);
        let text = format!(
            "global_defs {{\n{global}\n}}\nvrrp_instance A {{\ninterface {name}\nvirtual_router_id 5\npriority {priority}\n\
             version 3\nadvert_int 0.2\nvirtual_ipaddress {{\n192.0.2.100\n}}\n}}\nvirtual_server 192.0.2.100 80 {{\n\
             protocol TCP\nreal_server 192.0.2.9 80 {{\n}}\n}}\n"
        );
        std::fs::write(&file, text).unwrap();
        let log = std::fs::File::create(file.with_extension("log")).unwrap();
        let child = Command::new("ip")
            .args(["netns", "exec", name, env!("CARGO_BIN_EXE_steadfast")])
            .args(["--dont-fork", "--log-console", "--no-syslog", "--use-file"])
            .arg(&file)
            .arg("--pid")
            .arg(file.with_extension("pid"))
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Director(child)
    }

    fn holds(&self, name: &str) -> bool {
        let output = Command::new("ip").args(["-n", name, "address", "show", "dev", name]).output().unwrap();
        assert!(output.status.success(), "{}", self.directory.display());
        String::from_utf8_lossy(&output.stdout).contains("192.0.2.100")
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        ip("netns delete one");
        ip("netns delete two");
    }
}

impl Drop for Director {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn ip(line: &str) {
    let output = Command::new("ip").args(line.split(' ')).output().unwrap();
    assert!(output.status.success(), "ip {line}: {output:?}");
}

#[expect(clippy::disallowed_methods, reason = "the other side of a namespace tells nothing")]
fn until(what: &str, mut reached: impl FnMut() -> bool) {
    for _ in 0..150 {
        if reached() {
            return;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    panic!("no {what}");
}
