#![no_main]
#![doc = "See `fuzz::bus_message`."]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::bus_message(bytes));
