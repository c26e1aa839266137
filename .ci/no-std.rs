//! A freestanding program that uses all three cores: no std, no allocator, no start-up code but its own.
#![no_std]
#![no_main]

use core::arch::{asm, global_asm};
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use check_core::{Check, Timing, check};
use ipvs_core::{Destination, Service};
use vrrp_core::seal::{Header, Key, MAX_LEN, Mode, Seal, Trailer};
use vrrp_core::wire::ah;
use vrrp_core::wire::auth::Authentication;
use vrrp_core::{ChecksumForm, Config, Event, Family, Packet, Settings, State, Version, VirtualRouter, Vrid};

global_asm!(".globl _start", "_start:", "and rsp, -16", "call run", "ud2");

#[unsafe(no_mangle)]
extern "C" fn run() -> ! {
    let mut check = Check::new(Timing::default());
    let probes = check.handle(Duration::ZERO, check::Event::Start { offset: Duration::ZERO }).len();
    let none: [(Service, [Destination; 0]); 0] = [];
    let steps = ipvs_core::plan(&none, &none).map_or(usize::MAX, Iterator::count);
    let router = election();
    let seals = header() && trailer();
    exit(if probes <= 1 && steps == 0 && router && seals { 0 } else { 1 })
}

/// A router that nobody else answers becomes Active.
fn election() -> bool {
    const ADDRESSES: &[IpAddr] = &[IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))];
    let Some(vrid) = Vrid::new(1) else { return false };
    let Ok(config) = Config::try_from(Settings::new(vrid, Family::V4, ADDRESSES)) else { return false };
    let mut router: VirtualRouter<&'static [IpAddr]> = VirtualRouter::new(config);
    let source = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10));
    let mut actions = router.handle(Duration::ZERO, Event::Start { source, mac: None });
    while router.state() == State::Backup {
        let Some(deadline) = router.deadline() else { return false };
        actions = router.handle(deadline, Event::Tick);
    }
    let group = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18));
    let mut buffer = [0; 64];
    let advert = router.advert(100).emit(source, group, ChecksumForm::Rfc9568, &mut buffer);
    router.state() == State::Active && !actions.is_empty() && advert == Some(12)
}

/// An advert with an authentication header opens with the same key, and with no other.
fn header() -> bool {
    let seal = |key| Seal::Header(Header::new(key));
    let version_2 = (Version::V2, Authentication::Header);
    sealed(version_2, seal(*b"s3cretpw"), seal(*b"s3cretpw"))
        && !sealed(version_2, seal(*b"s3cretpw"), seal(*b"guessed\0"))
}

/// The same with a trailer.
fn trailer() -> bool {
    let seal = |byte| {
        let key = Key::new(7, &[byte; 32]).ok()?;
        Trailer::new(&[key], 7, Mode::Enforce, Some(5)).ok().map(Seal::Trailer)
    };
    let version_3 = (Version::V3, Authentication::None);
    let opens = |ours, theirs| match (seal(ours), seal(theirs)) {
        (Some(ours), Some(theirs)) => Some(sealed(version_3, ours, theirs)),
        (_, _) => None,
    };
    opens(1, 1) == Some(true) && opens(1, 2) == Some(false)
}

/// Whether an advert that one seals passes the other.
fn sealed((version, authentication): (Version, Authentication), mut ours: Seal, mut theirs: Seal) -> bool {
    const ADDRESSES: &[IpAddr] = &[IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))];
    let Some(vrid) = Vrid::new(1) else { return false };
    let settings = Settings { version, authentication, ..Settings::new(vrid, Family::V4, ADDRESSES) };
    let Ok(config) = Config::try_from(settings) else { return false };
    let router: VirtualRouter<&'static [IpAddr]> = VirtualRouter::new(config);
    let (source, destination) = (IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10)), Family::V4.multicast_group());
    let now = Duration::from_secs(1_000_000);
    let mut buffer = [0; MAX_LEN];
    let stamp = ours.stamp(now);
    let Some(payload) =
        stamp.emit(&router.advert(100), source, destination, ChecksumForm::Rfc9568, &mut buffer)
    else {
        return false;
    };
    let bytes = &buffer[..payload.len];
    let (header, message) = match version {
        Version::V2 => match ah::Repr::parse(bytes, payload.identification) {
            Some((header, message)) => (Some(header), message),
            None => return false,
        },
        Version::V3 => (None, bytes),
    };
    let packet = Packet { source, destination, ttl: 255, link_source: None, message };
    theirs.open(now, &packet, header.as_ref(), false).is_ok()
}

fn exit(status: i32) -> ! {
    // SAFETY: exit_group (231) takes one number and does not come back.
    unsafe { asm!("syscall", in("rax") 231, in("rdi") status, options(noreturn)) }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(101)
}

/// The functions that compiled code may call of its own accord; firmware gets them from its tool chain.
mod memory {
    use core::arch::asm;

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
        // SAFETY: the caller promises two places of `count` bytes that do not overlap.
        unsafe { asm!("rep movsb", inout("rcx") count => _, inout("rdi") to => _, inout("rsi") from => _) }
        to
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memset(to: *mut u8, byte: i32, count: usize) -> *mut u8 {
        // SAFETY: the caller promises a place of `count` bytes.
        unsafe { asm!("rep stosb", inout("rcx") count => _, inout("rdi") to => _, in("al") byte as u8) }
        to
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, count: usize) -> i32 {
        for index in 0..count {
            // SAFETY: the caller promises two places of `count` bytes.
            let (left, right) =
                unsafe { (left.add(index).read_volatile(), right.add(index).read_volatile()) };
            if left != right {
                return i32::from(left) - i32::from(right);
            }
        }
        0
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn bcmp(left: *const u8, right: *const u8, count: usize) -> i32 {
        // SAFETY: as for memcmp.
        unsafe { memcmp(left, right, count) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
        if (to as usize).wrapping_sub(from as usize) >= count {
            // SAFETY: copied upwards, no byte is overwritten before it is read.
            return unsafe { memcpy(to, from, count) };
        }
        for index in (0..count).rev() {
            // SAFETY: the caller promises two places of `count` bytes; downwards, none is overwritten unread.
            unsafe { to.add(index).write_volatile(from.add(index).read_volatile()) };
        }
        to
    }
}
