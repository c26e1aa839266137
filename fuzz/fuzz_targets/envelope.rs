#![no_main]
#![doc = "See `fuzz::envelope`."]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::envelope(bytes));
