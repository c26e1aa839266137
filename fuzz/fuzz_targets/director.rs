#![no_main]
#![doc = "See `fuzz::director`."]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::director(bytes));
