#![no_main]
#![doc = "See `fuzz::bfd_packet`."]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::bfd_packet(bytes));
