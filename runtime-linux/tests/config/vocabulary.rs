//! The keyword table beside the words of keepalived (`corpus/words.txt`, from keepalived.md 2.2 to 2.7).

use std::collections::BTreeSet;

use runtime_linux::config::keyword::Block;

use super::differential::words::samples;

/// What the list calls a block.
fn name(block: Block) -> &'static str {
    if block == Block::Root { "root" } else { block.name() }
}

/// Words of ours, which keepalived does not have; `both` among the versions and others like it are values, not words.
const OWN: [&str; 13] = [
    "data_plane",
    "data_plane_threads",
    "smtp_tls",
    "smtp_tls_ca",
    "smtp_username",
    "smtp_password",
    "lvs_sync_wait",
    "lvs_reconcile_interval",
    "lb_mode",
    "slow_start",
    "tls_verify",
    "starttls",
    "answer",
];

#[test]
fn every_word_of_keepalived_is_in_the_table_of_its_block() {
    let words: BTreeSet<String> = samples().into_iter().map(|sample| sample.word).collect();
    assert!(words.len() >= 361, "{} words", words.len());
    for sample in samples() {
        let block = Block::ALL.into_iter().find(|block| name(*block) == sample.block);
        let block = block.unwrap_or_else(|| panic!("there is no block {}", sample.block));
        assert!(block.word(&sample.word).is_some(), "{} in {}", sample.word, sample.block);
    }
}

#[test]
fn every_word_of_the_table_is_keepalived_s_or_known_as_our_own() {
    let words: BTreeSet<String> = samples().into_iter().map(|sample| sample.word).collect();
    let others: BTreeSet<&str> = (Block::ALL.into_iter().flat_map(Block::words).map(|word| word.name))
        .filter(|word| !words.contains(*word))
        .collect();
    assert_eq!(others, BTreeSet::from(OWN));
}
