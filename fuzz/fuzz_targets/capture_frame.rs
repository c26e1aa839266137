#![no_main]
#![doc = "See `fuzz::capture_frame`."]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::capture_frame(bytes));
