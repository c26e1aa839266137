#![no_main]
#![doc = "See `fuzz::netlink`."]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::netlink(bytes));
