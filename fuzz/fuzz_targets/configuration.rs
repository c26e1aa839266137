#![no_main]
#![doc = "See `fuzz::configuration`."]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::configuration(bytes));
