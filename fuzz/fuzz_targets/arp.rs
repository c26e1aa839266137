#![no_main]
#![doc = "See `fuzz::arp`."]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::arp(bytes));
