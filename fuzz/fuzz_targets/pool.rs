#![no_main]
#![doc = "See `fuzz::pool`."]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::pool(bytes));
