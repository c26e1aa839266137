//! Sync groups of several hosts on several links: whole groups under loss, lost links and lost hosts.

use bench::simulation::Random;

use crate::group::{ms, s};
use crate::world::{Ranks, World};

#[test]
fn groups_settle_on_the_best_host_that_has_all_its_links() {
    for seed in 0..SEEDS {
        let mut random = Random::new(seed);
        let (hosts, links) = (2 + random.index(2), 2 + random.index(2));
        let mut world = World::new(seed, hosts, links, Ranks::Alike);
        disturb(&mut world, &mut random, hosts, links);
        world.mend();
        for link in 0..links {
            for host in 0..hosts {
                // Some hosts stay without a link.
                let broken = random.chance(150);
                world.set_link(host, link, !broken);
            }
        }
        world.run_for(s(30));
        world.mark();
        world.run_for(s(60));
        let best = (0..hosts).rev().find(|host| world.is_whole(*host));
        assert_eq!(world.active(), Vec::from_iter(best), "seed {seed}: {world:#?}");
        assert_eq!(world.changes(), vec![0; hosts], "seed {seed}: {world:#?}");
    }
}

#[test]
fn groups_of_which_each_outranks_the_other_on_some_link_settle_on_one() {
    // Whoever comes first may stay, but somebody must, and soon.
    for seed in 0..SEEDS {
        let mut random = Random::new(seed);
        let (hosts, links) = (2 + random.index(2), 2 + random.index(2));
        let mut world = World::new(seed, hosts, links, Ranks::Unlike);
        disturb(&mut world, &mut random, hosts, links);
        world.mend();
        world.mark();
        world.run_for(s(60));
        assert!(world.changes().iter().all(|count| *count <= MOST_CHANGES), "seed {seed}: {world:#?}");
        world.mark();
        world.run_for(s(60));
        assert_eq!(world.active().len(), 1, "seed {seed}: {world:#?}");
        assert_eq!(world.changes(), vec![0; hosts], "seed {seed}: {world:#?}");
    }
}

#[test]
fn two_hosts_that_start_at_once_and_outrank_each_other_try_twice_at_most() {
    // No chance in it: both are Active at the same moment, and each yields on another link.
    for flip in [false, true] {
        let mut world = World::contrary(flip);
        world.run_for(s(60));
        assert_eq!(world.active(), [usize::from(flip)]);
        let mut changes = world.changes();
        changes.sort_unstable();
        // Backup; Active and Backup again; and Active for one of them.
        assert_eq!(changes, [3, 4]);
    }
}

#[test]
fn while_one_link_carries_adverts_two_groups_are_never_active_at_once() {
    let mut world = World::new(1, 2, 2, Ranks::Alike);
    world.run_for(s(20));
    world.mark();
    for _ in 0..20 {
        world.cut(0, true);
        world.run_for(s(10));
        world.cut(0, false);
        world.cut(1, true);
        world.run_for(s(10));
        world.cut(1, false);
    }
    assert_eq!((world.active(), world.changes()), (vec![1], vec![0, 0]));
    // Without any link both are, and the first that mends ends it on both.
    world.cut(0, true);
    world.cut(1, true);
    world.run_for(s(10));
    assert_eq!(world.active(), [0, 1]);
    world.cut(1, false);
    world.run_for(s(2));
    assert_eq!(world.active(), [1]);
}

/// Half a minute in which anything may happen.
fn disturb(world: &mut World, random: &mut Random, hosts: usize, links: usize) {
    for _ in 0..20 {
        let (host, link) = (random.index(hosts), random.index(links));
        match random.below(6) {
            0 => world.set_link(host, link, random.chance(500)),
            1 => world.cut(link, random.chance(500)),
            2 => world.crash(host),
            3 => world.start(host),
            4 => world.lose(random.below(400)),
            _ => world.stop(host),
        }
        world.run_for(random.up_to(ms(3_000)));
    }
}

const SEEDS: u64 = 150;
/// Fault gone or started; then up and down once for each other host and each tick that falls together; up.
const MOST_CHANGES: u32 = 8;
