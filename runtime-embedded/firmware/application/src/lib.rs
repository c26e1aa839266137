#![no_std]
#![forbid(unsafe_code)]
//! What every image does, whatever board it is for: the loop around the router, and its log on a serial line.

mod companion;
mod console;
mod serve;

pub use companion::Companion;
pub use console::Console;
pub use serve::{Board, serve};
