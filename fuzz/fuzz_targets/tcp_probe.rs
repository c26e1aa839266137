#![no_main]
#![doc = "See `fuzz::tcp_probe`."]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::tcp_probe(bytes));
