//! Generic netlink: its header, and how a family's number is found by its name.

use super::netlink::{ACKNOWLEDGE, Attributes, Error, REQUEST, Writer};

/// The message type of the controller, which knows the other families.
pub const CONTROLLER: u16 = 0x10;

const GET_FAMILY: u8 = 3;
const CONTROLLER_VERSION: u8 = 1;
const FAMILY_NUMBER: u16 = 1;
const FAMILY_NAME: u16 = 2;

/// Writes the question for the number of the family called `name`; returns the length in bytes.
pub fn resolve(buffer: &mut [u8], name: &str, sequence: u32) -> Result<usize, Error> {
    let mut writer = Writer::new(buffer, CONTROLLER, REQUEST | ACKNOWLEDGE, sequence)?;
    writer.raw(&[GET_FAMILY, CONTROLLER_VERSION, 0, 0])?;
    writer.text(FAMILY_NAME, name)?;
    Ok(writer.finish())
}

/// Reads the number from the payload of the controller's answer, if it is there.
pub fn resolved(payload: &[u8]) -> Result<Option<u16>, Error> {
    for attribute in attributes(payload)? {
        let attribute = attribute?;
        if attribute.kind == FAMILY_NUMBER {
            return attribute.u16().map(Some);
        }
    }
    Ok(None)
}

/// The attributes that follow the generic header (`cmd`, `version`, two reserved bytes).
pub(super) fn attributes(payload: &[u8]) -> Result<Attributes<'_>, Error> {
    payload.get(4..).map(Attributes::new).ok_or(Error::Truncated)
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    use super::*;

    #[test]
    fn the_question_for_a_family_is_written() {
        let mut buffer = [0; 64];
        let length = resolve(&mut buffer, "IPVS", 1).unwrap();
        #[rustfmt::skip]
        assert_eq!(&buffer[..length], [
            32, 0, 0, 0, 0x10, 0, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0,
            3, 1, 0, 0,
            9, 0, 2, 0, b'I', b'P', b'V', b'S', 0, 0, 0, 0,
        ]);
    }

    #[test]
    fn the_number_is_found_among_other_attributes() {
        let payload = [1, 2, 0, 0, 9, 0, 2, 0, b'I', b'P', b'V', b'S', 0, 0, 0, 0, 6, 0, 1, 0, 0x22, 0, 0, 0];
        assert_eq!(resolved(&payload), Ok(Some(0x22)));
        assert_eq!(resolved(&payload[..16]), Ok(None));
        assert_eq!(resolved(&[1, 2]), Err(Error::Truncated));
    }
}
