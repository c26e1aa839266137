#![no_main]
#![doc = "See `fuzz::group`."]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::group(bytes));
