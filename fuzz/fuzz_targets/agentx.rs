#![no_main]
#![doc = "See `fuzz::agentx`."]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::agentx(bytes));
