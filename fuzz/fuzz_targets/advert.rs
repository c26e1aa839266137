#![no_main]
#![doc = "See `fuzz::advert`."]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::advert(bytes));
