//! Tells the linker what memory there is: no more than the budget of a VRRP router, so that a bigger one does not link.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let directory = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let memory = "MEMORY\n{\n  FLASH : ORIGIN = 0x00000000, LENGTH = 48K\n  RAM : ORIGIN = 0x20000000, LENGTH = 12K\n}\n";
    fs::write(directory.join("memory.x"), memory).expect("the directory is cargo's");
    println!("cargo:rustc-link-search={}", directory.display());
    for argument in ["--nmagic", "-Tlink.x"] {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
    println!("cargo:rerun-if-changed=build.rs");
}
