//! Tells the linker what memory there is: no more than the budget of the image, so that a bigger one does not link.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let directory = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let (flash, ram) =
        if env::var_os("CARGO_FEATURE_DIRECTOR").is_some() { ("208K", "144K") } else { ("48K", "12K") };
    let memory = format!(
        "MEMORY\n{{\n  FLASH : ORIGIN = 0x00000000, LENGTH = {flash}\n  RAM : ORIGIN = 0x20000000, LENGTH = {ram}\n}}\n"
    );
    fs::write(directory.join("memory.x"), memory).expect("the directory is cargo's");
    println!("cargo:rustc-link-search={}", directory.display());
    for argument in ["--nmagic", "-Tlink.x"] {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
    if env::var_os("CARGO_FEATURE_DEFMT").is_some() {
        println!("cargo:rustc-link-arg-bins=-Tdefmt.x");
    }
    println!("cargo:rerun-if-changed=build.rs");
}
