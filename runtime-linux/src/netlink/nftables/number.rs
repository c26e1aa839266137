//! Numbers of nfnetlink and `nf_tables`.

// linux/netfilter/nfnetlink.h
pub(super) const SUBSYSTEM: u16 = 10;
pub(super) const BATCH_BEGIN: u16 = 16;
pub(super) const BATCH_END: u16 = 17;
/// `struct nfgenmsg`: family unspecified, version 0, the subsystem in network order.
pub(super) const BATCH_HEADER: [u8; 4] = [0, 0, 0, 10];
/// `NFPROTO_INET`.
pub(super) const FAMILY_INET: u8 = 1;

// linux/netfilter/nf_tables.h: messages
pub(super) const NEW_TABLE: u16 = 0;
pub(super) const DELETE_TABLE: u16 = 2;
pub(super) const NEW_CHAIN: u16 = 3;
pub(super) const DELETE_CHAIN: u16 = 5;
pub(super) const NEW_RULE: u16 = 6;
pub(super) const NEW_SET: u16 = 9;
pub(super) const NEW_ELEMENT: u16 = 12;
pub(super) const DELETE_ELEMENT: u16 = 14;

// linux/netfilter/nf_tables.h: attributes
pub(super) const TABLE_NAME: u16 = 1;
pub(super) const TABLE_FLAGS: u16 = 2;
pub(super) const TABLE_OWNED: u32 = 2;
pub(super) const CHAIN_TABLE: u16 = 1;
pub(super) const CHAIN_NAME: u16 = 3;
pub(super) const CHAIN_HOOK: u16 = 4;
pub(super) const CHAIN_POLICY: u16 = 5;
pub(super) const CHAIN_TYPE: u16 = 7;
pub(super) const HOOK_NUMBER: u16 = 1;
pub(super) const HOOK_PRIORITY: u16 = 2;
pub(super) const HOOK_DEVICE: u16 = 3;
pub(super) const RULE_TABLE: u16 = 1;
pub(super) const RULE_CHAIN: u16 = 2;
pub(super) const RULE_EXPRESSIONS: u16 = 4;
pub(super) const LIST_ELEMENT: u16 = 1;
pub(super) const EXPRESSION_NAME: u16 = 1;
pub(super) const EXPRESSION_DATA: u16 = 2;
pub(super) const SET_TABLE: u16 = 1;
pub(super) const SET_NAME: u16 = 2;
pub(super) const SET_KEY_TYPE: u16 = 4;
pub(super) const SET_KEY_LENGTH: u16 = 5;
pub(super) const SET_USER_DATA: u16 = 13;
/// `NFTNL_UDATA_SET_KEYBYTEORDER` of libnftnl.
pub(super) const USER_DATA_KEY_ORDER: u8 = 0;
/// `NFTNL_UDATA_SET_DATABYTEORDER`.
pub(super) const USER_DATA_VALUE_ORDER: u8 = 1;
pub(super) const SET_FLAGS: u16 = 3;
pub(super) const SET_VALUE_TYPE: u16 = 6;
pub(super) const SET_VALUE_LENGTH: u16 = 7;
pub(super) const SET_DESCRIPTION: u16 = 9;
pub(super) const DESCRIPTION_FIELDS: u16 = 2;
pub(super) const FIELD_LENGTH: u16 = 1;
pub(super) const SET_NUMBER: u16 = 10;
pub(super) const ELEMENTS_TABLE: u16 = 1;
pub(super) const ELEMENTS_SET: u16 = 2;
pub(super) const ELEMENTS_LIST: u16 = 3;
pub(super) const ELEMENT_KEY: u16 = 1;
pub(super) const ELEMENT_VALUE: u16 = 2;
pub(super) const ELEMENT_KEY_END: u16 = 10;
pub(super) const DATA_VALUE: u16 = 1;
pub(super) const DATA_VERDICT: u16 = 2;
pub(super) const VERDICT_CODE: u16 = 1;
pub(super) const META_TARGET: u16 = 1;
pub(super) const META_KEY: u16 = 2;
pub(super) const META_SOURCE: u16 = 3;
pub(super) const COMPARE_SOURCE: u16 = 1;
pub(super) const COMPARE_OPERATOR: u16 = 2;
pub(super) const COMPARE_DATA: u16 = 3;
pub(super) const PAYLOAD_TARGET: u16 = 1;
pub(super) const PAYLOAD_BASE: u16 = 2;
pub(super) const PAYLOAD_OFFSET: u16 = 3;
pub(super) const PAYLOAD_LENGTH: u16 = 4;
pub(super) const LOOKUP_SET: u16 = 1;
pub(super) const LOOKUP_SOURCE: u16 = 2;
pub(super) const LOOKUP_TARGET: u16 = 3;
pub(super) const COUNTER_BYTES: u16 = 1;
pub(super) const COUNTER_PACKETS: u16 = 2;
pub(super) const IMMEDIATE_TARGET: u16 = 1;
pub(super) const IMMEDIATE_DATA: u16 = 2;
pub(super) const BITWISE_SOURCE: u16 = 1;
pub(super) const BITWISE_TARGET: u16 = 2;
pub(super) const BITWISE_LENGTH: u16 = 3;
pub(super) const BITWISE_MASK: u16 = 4;
pub(super) const BITWISE_XOR: u16 = 5;

// linux/netfilter/nf_tables.h: values
pub(super) const META_MARK: u32 = 3;
pub(super) const META_INPUT: u32 = 4;
pub(super) const META_FAMILY: u32 = 15;
pub(super) const META_PROTOCOL: u32 = 16;
pub(super) const META_PACKET_KIND: u32 = 19;
pub(super) const COMPARE_EQUAL: u32 = 0;
pub(super) const COMPARE_NOT_EQUAL: u32 = 1;
pub(super) const BASE_LINK: u32 = 0;
pub(super) const BASE_NETWORK: u32 = 1;
pub(super) const BASE_TRANSPORT: u32 = 2;
pub(super) const VERDICT_REGISTER: u32 = 0;
/// `NFT_REG32_00`: registers of 32 bits; the words of a key follow each other.
pub(super) const FIRST_REGISTER: u32 = 8;
pub(super) const DROP: u32 = 0;
pub(super) const ACCEPT: u32 = 1;
/// `NFT_RETURN`, -5.
pub(super) const RETURN: u32 = u32::MAX - 4;
/// `NFT_SET_INTERVAL`, `NFT_SET_MAP` and `NFT_SET_CONCAT`, Linux 5.6.
pub(super) const RANGES_TO_VALUES: u32 = 0x4 | 0x8 | 0x80;
pub(super) const HOOK_PREROUTING: u32 = 0;
pub(super) const HOOK_INPUT: u32 = 1;
pub(super) const HOOK_FORWARD: u32 = 2;
/// `NF_INET_INGRESS`, Linux 5.10.
pub(super) const HOOK_INGRESS: u32 = 5;
pub(super) const PRIORITY_RAW: i32 = -300;
pub(super) const PRIORITY_FILTER: i32 = 0;
/// After what anybody else looks at on the way in.
pub(super) const PRIORITY_LAST: i32 = i32::MAX;
/// The loopback interface is the first of every network namespace.
pub(super) const LOOPBACK_INDEX: u32 = 1;

// Data types as `nft list` knows them; the kernel only stores them.
pub(super) const TYPE_BITS: u32 = 6;
pub(super) const TYPE_IPV4: u32 = 7;
pub(super) const TYPE_IPV6: u32 = 8;
pub(super) const TYPE_PROTOCOL: u32 = 12;
pub(super) const TYPE_PORT: u32 = 13;
pub(super) const TYPE_MARK: u32 = 19;
pub(super) const TYPE_INTERFACE: u32 = 20;
