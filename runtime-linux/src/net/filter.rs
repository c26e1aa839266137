//! Programs for the kernel's packet filter: what is not VRRP never wakes this process.

use socket2::SockFilter;

/// Accepts IPv4 packets of protocol 112 that were sent to this host or to a group it listens to. The data
/// starts at the IP header.
pub fn vrrp_over_ipv4() -> Vec<SockFilter> {
    vrrp(9)
}

/// Accepts IPv6 packets whose first next header is 112, for this host or a group. The data starts at the IP
/// header.
pub fn vrrp_over_ipv6() -> Vec<SockFilter> {
    vrrp(6)
}

/// Accepts nothing: for a socket that only sends.
pub fn nothing() -> Vec<SockFilter> {
    vec![statement(RETURN, 0)]
}

fn vrrp(offset_of_protocol: u32) -> Vec<SockFilter> {
    vec![
        statement(LOAD_BYTE, PACKET_TYPE),
        // Host 0, broadcast 1 and multicast 2 stay; other hosts' 3, outgoing 4 and looped back 5 go.
        SockFilter::new(JUMP_GREATER, 3, 0, 2),
        statement(LOAD_BYTE, offset_of_protocol),
        SockFilter::new(JUMP_EQUAL, 0, 1, 112),
        statement(RETURN, u32::MAX),
        statement(RETURN, 0),
    ]
}

fn statement(code: u16, operand: u32) -> SockFilter {
    SockFilter::new(code, 0, 0, operand)
}

/// `BPF_LD | BPF_B | BPF_ABS`.
const LOAD_BYTE: u16 = 0x30;
/// `BPF_JMP | BPF_JGT | BPF_K`.
const JUMP_GREATER: u16 = 0x25;
/// `BPF_JMP | BPF_JEQ | BPF_K`.
const JUMP_EQUAL: u16 = 0x15;
/// `BPF_RET | BPF_K`.
const RETURN: u16 = 0x06;
/// `SKF_AD_OFF + SKF_AD_PKTTYPE`: where the kernel keeps the kind of receiver.
const PACKET_TYPE: u32 = (-0x1000_i32 + 4).cast_unsigned();
