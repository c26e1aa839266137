#![no_main]
#![doc = "See `fuzz::bfd_session`."]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::bfd_session(bytes));
