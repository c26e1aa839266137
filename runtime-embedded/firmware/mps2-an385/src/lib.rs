#![no_std]
//! ARM's MPS2 board with the FPGA image AN385 (QEMU: `mps2-an385`), for the images on it.

pub mod board;
pub mod fault;
#[cfg(feature = "defmt")]
mod frames;
pub mod stack;
