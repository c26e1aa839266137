#![no_main]
#![doc = "See `fuzz::dialogue`."]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::dialogue(bytes));
