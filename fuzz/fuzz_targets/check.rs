#![no_main]
#![doc = "See `fuzz::check`."]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::check(bytes));
