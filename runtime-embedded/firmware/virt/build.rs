//! Tells the linker where everything goes: QEMU leaves the first part of the RAM to the device tree and to our stack.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let directory = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let script = directory.join("virt.ld");
    fs::write(&script, SCRIPT).expect("the directory is cargo's");
    println!("cargo:rustc-link-arg-bins=-T{}", script.display());
    println!("cargo:rerun-if-changed=build.rs");
}

const SCRIPT: &str = "\
ENTRY(_start)
SECTIONS
{
    stack_top = 0x40200000;
    . = 0x40200000;
    .text : { KEEP(*(.text.start)) *(.text .text.*) }
    .rodata : ALIGN(16) { *(.rodata .rodata.*) }
    .data : ALIGN(16) { *(.data .data.*) }
    .bss (NOLOAD) : ALIGN(4096) { bss_start = .; *(.bss .bss.* COMMON); . = ALIGN(16); bss_end = .; }
    /DISCARD/ : { *(.eh_frame*) *(.comment) }
}
";
