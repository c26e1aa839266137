#![no_main]
#![doc = "See `fuzz::board`."]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::board(bytes));
