// The first instructions, and where faults go. The memory management unit stays off: this machine's RAM works without.

    .section .text.start, "ax"
    .global _start
_start:
    ldr x0, =stack_top
    mov sp, x0
    ldr x0, =vectors
    msr vbar_el1, x0
    // Floating point registers are for copying, too.
    mov x0, #(3 << 20)
    msr cpacr_el1, x0
    isb
    ldr x0, =bss_start
    ldr x1, =bss_end
0:  cmp x0, x1
    b.hs 1f
    stp xzr, xzr, [x0], #16
    b 0b
1:  bl main

// Sixteen entries of 128 bytes; every one is the end. Interrupts stay masked and come here never.
    .balign 2048
vectors:
    .rept 16
    .balign 128
    b fault_on_fresh_stack
    .endr

// What is wrong may be the stack.
fault_on_fresh_stack:
    ldr x3, =stack_top
    mov sp, x3
    mrs x0, esr_el1
    mrs x1, elr_el1
    mrs x2, far_el1
    bl fault
