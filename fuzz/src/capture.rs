//! `steadfast capture` on whatever somebody captured.

use runtime_linux::capture::{Options, Source, run_to};

use crate::choices::Choices;

/// A capture file: shown as text and as JSON, or refused.
pub fn capture_file(bytes: &[u8]) {
    show(bytes, None);
}

/// A capture file that is all right, with frames that may not be. Each begins with its length, after a first byte
/// for the link type and a second one for the virtual router that is asked for.
pub fn capture_frame(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let link = choices.one_of(&[1_u32, 101, 113, 276]);
    let vrid = Some(choices.byte()).filter(|vrid| vrid % 2 == 1);
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 0xffff, link] {
        file.extend(word.to_le_bytes());
    }
    let mut seconds = 0_u32;
    while !choices.is_over() {
        let len = usize::from(choices.byte());
        let frame = choices.bytes(len);
        let len = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        for word in [seconds, 0, len, len] {
            file.extend(word.to_le_bytes());
        }
        file.extend(frame);
        seconds += 1;
    }
    let whole = show(&file, vrid);
    assert!(whole, "the file itself is all right");
}

/// Whether the file could be read to its end.
fn show(bytes: &[u8], vrid: Option<u8>) -> bool {
    let options = |json| {
        let source = Source::Bytes(bytes.to_vec());
        Options { source, vrid, version: None, password: None, count: None, json }
    };
    let mut text = Vec::new();
    let whole = run_to(options(false), &mut text, true).is_ok();
    assert!(core::str::from_utf8(&text).is_ok());
    let mut json = Vec::new();
    assert_eq!(run_to(options(true), &mut json, false).is_ok(), whole);
    for line in json.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let value: Result<serde_json::Value, _> = serde_json::from_slice(line);
        assert!(value.is_ok(), "{}", String::from_utf8_lossy(line));
    }
    whole
}
