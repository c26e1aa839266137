#![no_main]
#![doc = "See `fuzz::ndisc`."]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::ndisc(bytes));
