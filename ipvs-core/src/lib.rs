#![no_std]
#![forbid(unsafe_code)]
//! A pure state machine; see ARCHITECTURE.md.
