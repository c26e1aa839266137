//! `reload_*` of `global_defs`, and `umask`.

use std::path::PathBuf;

use super::global::set;
use crate::config::diagnose::Diagnostics;
use crate::config::model::{Global, ReloadMark};
use crate::config::tree::Node;
use crate::config::value::{Values, wrong};

/// Takes one of the words; false if it is another.
pub(super) fn read(word: &str, node: &Node, global: &mut Global, diagnostics: &mut Diagnostics) -> bool {
    let reload = &mut global.reload;
    match word {
        "reload_check_config" => {
            reload.check = true;
            reload.log = path(node, diagnostics).or(reload.log.take());
        }
        "reload_time_file" => {
            if Values::new(node, diagnostics).required(0, "an absolute path").is_some() {
                reload.time_file = path(node, diagnostics).or(reload.time_file.take());
            }
        }
        "reload_repeat" => set(&mut reload.repeat, Values::new(node, diagnostics).boolean()),
        "reload_file" if node.values.is_empty() => reload.mark = Some(ReloadMark::Usual),
        "reload_file" => reload.mark = path(node, diagnostics).map(ReloadMark::At).or(reload.mark.take()),
        "umask" => {
            if Values::new(node, diagnostics).required(0, "a file mode").is_some() {
                let said: Vec<&str> = node.values.iter().map(|value| value.text.as_str()).collect();
                global.umask = mask(&said.concat()).or_else(|| {
                    let complaint =
                        wrong(&node.values[0], "a number up to 0777, or bits such as `IRWXG | IROTH`");
                    diagnostics.push(complaint.consequence("the line is ignored"));
                    global.umask
                });
            }
        }
        _ => return false,
    }
    true
}

/// The only value, which must be an absolute path: where the daemon was started is nobody's place.
fn path(node: &Node, diagnostics: &mut Diagnostics) -> Option<PathBuf> {
    let value = node.values.first()?;
    Values::new(node, diagnostics).no_more_than(1);
    let path = PathBuf::from(value.text.as_str());
    if path.is_absolute() {
        return Some(path);
    }
    diagnostics.push(wrong(value, "an absolute path").consequence("the path is ignored"));
    None
}

/// A mask as C writes numbers, or as bits of `sys/stat.h` without their `S_`, with `|` between them.
pub fn mask(text: &str) -> Option<u32> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None if text.starts_with('0') => u32::from_str_radix(text, 8).ok(),
        None => text.parse().ok(),
    };
    let bits = || text.split('|').try_fold(0, |mask, name| Some(mask | bit(name.trim())?));
    number.or_else(bits).filter(|mask| *mask <= 0o777)
}

fn bit(name: &str) -> Option<u32> {
    let bits = [
        ("IRUSR", 0o400),
        ("IWUSR", 0o200),
        ("IXUSR", 0o100),
        ("IRWXU", 0o700),
        ("IRGRP", 0o040),
        ("IWGRP", 0o020),
        ("IXGRP", 0o010),
        ("IRWXG", 0o070),
        ("IROTH", 0o004),
        ("IWOTH", 0o002),
        ("IXOTH", 0o001),
        ("IRWXO", 0o007),
    ];
    let name = name.strip_prefix("S_").unwrap_or(name);
    bits.into_iter().find(|(known, _)| *known == name).map(|(_, bit)| bit)
}
