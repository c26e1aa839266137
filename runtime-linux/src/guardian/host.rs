//! What the process changed on its host beside addresses: interfaces that it made, settings that it changed.

use super::estate::Reader;
use crate::perform::host_settings::Changed;

/// What is to be undone when nobody goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostChanges {
    /// Numbers of interfaces that go.
    pub links: Vec<u32>,
    /// Settings that are put back.
    pub settings: Vec<Changed>,
}

impl HostChanges {
    pub(super) fn encode(&self) -> Vec<u8> {
        let count = |count: usize| u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes();
        let mut bytes = Vec::new();
        bytes.extend(count(self.links.len()));
        bytes.extend(self.links.iter().flat_map(|index| index.to_le_bytes()));
        bytes.extend(count(self.settings.len()));
        for changed in &self.settings {
            for text in [&changed.path, &changed.old, &changed.new] {
                bytes.extend(count(text.len()));
                bytes.extend(text.as_bytes());
            }
        }
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let links = (0..reader.count()?).map(|_| reader.array().map(u32::from_le_bytes));
        let links = links.collect::<Option<_>>()?;
        let settings = (0..reader.count()?).map(|_| {
            let mut text = || {
                let length = reader.count()?;
                String::from_utf8(reader.take(length)?.to_vec()).ok()
            };
            Some(Changed { path: text()?, old: text()?, new: text()? })
        });
        let settings = settings.collect::<Option<_>>()?;
        Some(Self { links, settings })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_read_back_and_cut_ones_do_not() {
        let setting = |path: &str| Changed { path: path.into(), old: "0".into(), new: "1".into() };
        let changes = HostChanges {
            links: vec![7, 70_000],
            settings: vec![setting("ipv4/conf/eth0/arp_ignore"), setting("ipv4/conf/eth1/arp_ignore")],
        };
        let bytes = changes.encode();
        assert_eq!(HostChanges::decode(&bytes), Some(changes));
        for length in 0..bytes.len() {
            assert_eq!(HostChanges::decode(&bytes[..length]), None, "{length} bytes");
        }
    }
}
