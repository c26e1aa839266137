//! Words by their names. Files have hundreds of thousands of them.

use std::sync::LazyLock;

use super::{Block, Word};

/// The word of this block with this name.
pub(super) fn find(block: Block, name: &str) -> Option<&'static Word> {
    INDICES[block as usize].find(name)
}

static INDICES: LazyLock<Vec<Index>> = LazyLock::new(|| Block::ALL.map(Index::of).into());

/// The words of a block, each at the place that its name asks for, or at the next free one.
struct Index {
    places: Vec<Option<&'static Word>>,
}

impl Index {
    fn of(block: Block) -> Self {
        let words: Vec<&Word> = block.words().collect();
        // Three quarters are left free, so that nearly every word is found at once.
        let mut places = vec![None; (words.len() * 4).next_power_of_two()];
        for word in words {
            let mut place = wish(word.name) % places.len();
            while places[place].is_some() {
                place = (place + 1) % places.len();
            }
            places[place] = Some(word);
        }
        Self { places }
    }

    fn find(&self, name: &str) -> Option<&'static Word> {
        let most = self.places.len() - 1;
        let mut place = wish(name) & most;
        loop {
            let word = self.places[place]?;
            if word.name == name {
                return Some(word);
            }
            place = (place + 1) & most;
        }
    }
}

/// A number that differs for most names: made of how long it is and of its ends, where words differ.
fn wish(name: &str) -> usize {
    let bytes = name.as_bytes();
    let at = |index: usize| bytes.get(index).copied().map_or(0, u64::from);
    let length = bytes.len();
    let key =
        at(0) | at(length / 2) << 8 | at(length.wrapping_sub(1)) << 16 | at(length.wrapping_sub(3)) << 24;
    let mixed = (key ^ (length as u64) << 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(mixed >> 48).expect("sixteen bits are left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_found_in_its_block_and_no_other_is() {
        for block in Block::ALL {
            for word in block.words() {
                assert_eq!(find(block, word.name), Some(word));
                let longer = format!("{}_", word.name);
                assert_eq!(find(block, &longer), block.words().find(|other| other.name == longer));
            }
            assert_eq!(find(block, ""), None);
        }
    }
}
