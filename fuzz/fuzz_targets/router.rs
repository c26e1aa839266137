#![no_main]
#![doc = "See `fuzz::router`."]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::router(bytes));
