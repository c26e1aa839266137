#![no_main]
#![doc = "See `fuzz::capture_file`."]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::capture_file(bytes));
