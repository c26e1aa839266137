//! `use_vmac` and `use_ipvlan`: interfaces of their own for virtual addresses.

use super::Vrid;

/// An interface that an instance makes on top of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualInterface {
    /// Its name, at most 15 bytes; no other instance has one of that name.
    pub name: String,
    /// The interface it lies on.
    pub base: String,
    /// What it is.
    pub kind: VirtualKind,
}

/// What a virtual interface is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VirtualKind {
    /// A macvlan with a link address of its own (`use_vmac`).
    Macvlan {
        /// The virtual link address.
        mac: [u8; 6],
    },
    /// An ipvlan, with the link address of its base (`use_ipvlan`).
    Ipvlan {
        /// Who may speak to whom on one base.
        flag: IpvlanFlag,
    },
}

/// Who may speak to whom among the ipvlans of one interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpvlanFlag {
    /// Everybody to everybody, within the host.
    Bridge,
    /// Nobody to another one.
    Private,
    /// By way of the switch.
    Vepa,
}

/// The virtual link address of a virtual router, RFC 9568 §7.3.
pub fn virtual_mac(vrid: Vrid, v6: bool) -> [u8; 6] {
    [0, 0, 0x5e, 0, if v6 { 2 } else { 1 }, vrid.get()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_has_a_link_address_of_its_own() {
        let vrid = Vrid::new(51).unwrap();
        assert_eq!(virtual_mac(vrid, false), [0, 0, 0x5e, 0, 1, 51]);
        assert_eq!(virtual_mac(vrid, true), [0, 0, 0x5e, 0, 2, 51]);
    }
}
