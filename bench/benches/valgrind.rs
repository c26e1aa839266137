//! What a program under callgrind can ask of it (valgrind's manual, "client requests").

use std::arch::asm;

/// Counts what runs, and nothing else; the counts go to a file with the next number.
#[inline(never)]
pub(crate) fn counted(run: impl FnOnce()) {
    request(START_INSTRUMENTATION);
    run();
    request(STOP_INSTRUMENTATION);
    request(DUMP_STATS);
}

/// Does nothing where there is no valgrind.
fn request(number: usize) {
    let arguments = [number, 0, 0, 0, 0, 0];
    // SAFETY: these rotations of a register by 128 bits in all leave it as it was; valgrind takes them for a question
    // about the arguments that `rax` points to, and answers in `rdx`. These requests touch none of our memory.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!(
            "rol rdi, 3", "rol rdi, 13", "rol rdi, 61", "rol rdi, 51", "xchg rbx, rbx",
            in("rax") arguments.as_ptr(),
            inout("rdx") 0_usize => _,
            out("rdi") _,
        );
    }
}

/// Callgrind's requests begin at its letters.
const BASE: usize = (b'C' as usize) << 24 | (b'T' as usize) << 16;
const DUMP_STATS: usize = BASE;
const START_INSTRUMENTATION: usize = BASE + 4;
const STOP_INSTRUMENTATION: usize = BASE + 5;
