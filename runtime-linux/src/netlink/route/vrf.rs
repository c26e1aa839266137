//! The table of a VRF interface, as its link message tells.

use netlink_packet_core::NlasIterator;

/// Reads the body of `RTM_NEWLINK`; none where it is no VRF.
pub(super) fn table(body: &[u8]) -> Option<u32> {
    let information = attribute(body.get(HEADER..)?, LINK_INFORMATION)?;
    if attribute(&information, KIND)?.strip_suffix(&[0]) != Some(b"vrf") {
        return None;
    }
    let table = attribute(&attribute(&information, DATA)?, VRF_TABLE)?;
    Some(u32::from_ne_bytes(table.try_into().ok()?))
}

fn attribute(bytes: &[u8], kind: u16) -> Option<Vec<u8>> {
    let mut attributes = NlasIterator::new(bytes).map_while(Result::ok);
    attributes.find(|one| one.kind() == kind).map(|one| one.value().to_vec())
}

/// Length of `struct ifinfomsg`.
const HEADER: usize = 16;
/// `IFLA_LINKINFO`.
const LINK_INFORMATION: u16 = 18;
/// `IFLA_INFO_KIND`.
const KIND: u16 = 1;
/// `IFLA_INFO_DATA`.
const DATA: u16 = 2;
/// `IFLA_VRF_TABLE`.
const VRF_TABLE: u16 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_a_vrf_is_found_and_no_other_link_has_one() {
        assert_eq!(table(&link(b"vrf\0")), Some(10));
        assert_eq!(table(&link(b"vxlan\0")), None);
        assert_eq!(table(&[0; 16]), None);
        assert_eq!(table(&[0; 3]), None);
    }

    fn link(kind: &[u8]) -> Vec<u8> {
        let table = packed(VRF_TABLE, &10_u32.to_ne_bytes());
        let mut information = packed(KIND, kind);
        // The kernel marks what has attributes in it.
        information.extend(packed(DATA | 0x8000, &table));
        let mut body = vec![0; HEADER];
        body.extend(packed(3, b"blue\0"));
        body.extend(packed(LINK_INFORMATION, &information));
        body
    }

    fn packed(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = u16::try_from(4 + value.len()).unwrap().to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }
}
