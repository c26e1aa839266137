//! File descriptors: each probe under way needs one.

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// How many probes may be under way at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// So many.
    pub(super) probes: usize,
    /// Why it is fewer than there are checks.
    pub(super) complaint: Option<String>,
}

/// Raises this process's limit of file descriptors (`RLIMIT_NOFILE`) to what so many checks need, as far as that is
/// allowed. Where it is not, probes wait for each other rather than fail.
pub(super) fn make_room(checks: usize) -> Room {
    let needed = u64::try_from(checks).unwrap_or(u64::MAX).saturating_add(RESERVE);
    let limits = getrlimit(Resource::RLIMIT_NOFILE);
    let limit = limits.map_or(LEAST, |(soft, hard)| {
        let raise = |soft, hard| setrlimit(Resource::RLIMIT_NOFILE, soft, hard).map(|()| soft);
        if soft >= needed {
            return soft;
        }
        // Beyond the hard limit only root may go, and not beyond `fs.nr_open`.
        let raised: Result<u64, Errno> = raise(needed, hard.max(needed)).or_else(|_| raise(hard, hard));
        raised.unwrap_or(soft)
    });
    room(checks, limit)
}

fn room(checks: usize, limit: u64) -> Room {
    let free = limit.saturating_sub(RESERVE).max(limit / 2).max(1);
    let probes = usize::try_from(free).unwrap_or(usize::MAX);
    let complaint = (probes < checks).then(|| {
        format!(
            "{checks} checks may want as many file descriptors at once, and {limit} are allowed to this process: \
             {probes} probes are made at a time, the others wait; raise RLIMIT_NOFILE (LimitNOFILE= of the systemd unit)"
        )
    });
    Room { probes: probes.min(checks.max(1)), complaint }
}

/// Descriptors for everything else: sockets of routers and of the control socket, FIFOs, scripts that are started.
const RESERVE: u64 = 256;
/// The limit that every process has, where it cannot be asked for.
const LEAST: u64 = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_descriptors_are_left_for_others_and_who_has_few_is_told_so() {
        assert_eq!(room(100, 1_024), Room { probes: 100, complaint: None });
        assert_eq!(room(768, 1_024), Room { probes: 768, complaint: None });
        let few = room(10_000, 1_024);
        assert_eq!(few.probes, 768);
        assert_eq!(
            few.complaint.as_deref(),
            Some(
                "10000 checks may want as many file descriptors at once, and 1024 are allowed to this process: 768 \
                 probes are made at a time, the others wait; raise RLIMIT_NOFILE (LimitNOFILE= of the systemd unit)"
            )
        );
        assert_eq!(room(10_000, 100).probes, 50);
        assert_eq!(room(10_000, 0).probes, 1);
        assert_eq!(room(0, 1_024), Room { probes: 1, complaint: None });
    }

    #[test]
    fn the_limit_is_raised_to_what_is_needed_as_far_as_it_may() {
        let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        let wanted = 1_500;
        let room = make_room(wanted);
        let (soft, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert!(soft >= hard.min(1_756), "{soft} of {hard}");
        assert!(room.probes == wanted || hard < 1_756, "{room:?}");
    }
}
