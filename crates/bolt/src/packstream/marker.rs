//! The first byte of every encoded value, and the tags of structures.

pub const TINY_STRING: u8 = 0x80;
pub const TINY_LIST: u8 = 0x90;
pub const TINY_DICTIONARY: u8 = 0xA0;
pub const TINY_STRUCTURE: u8 = 0xB0;
pub const NULL: u8 = 0xC0;
pub const FLOAT_64: u8 = 0xC1;
pub const FALSE: u8 = 0xC2;
pub const TRUE: u8 = 0xC3;
pub const INTEGER_8: u8 = 0xC8;
pub const INTEGER_16: u8 = 0xC9;
pub const INTEGER_32: u8 = 0xCA;
pub const INTEGER_64: u8 = 0xCB;
pub const BYTES_8: u8 = 0xCC;
pub const BYTES_16: u8 = 0xCD;
pub const BYTES_32: u8 = 0xCE;
pub const STRING_8: u8 = 0xD0;
pub const STRING_16: u8 = 0xD1;
pub const STRING_32: u8 = 0xD2;
pub const LIST_8: u8 = 0xD4;
pub const LIST_16: u8 = 0xD5;
pub const LIST_32: u8 = 0xD6;
pub const DICTIONARY_8: u8 = 0xD8;
pub const DICTIONARY_16: u8 = 0xD9;
pub const DICTIONARY_32: u8 = 0xDA;

/// Tags of the structures that stand for values.
pub mod tag {
    pub const NODE: u8 = b'N';
    pub const RELATIONSHIP: u8 = b'R';
    pub const UNBOUND_RELATIONSHIP: u8 = b'r';
    pub const PATH: u8 = b'P';
    pub const DATE: u8 = b'D';
    pub const TIME: u8 = b'T';
    pub const LOCAL_TIME: u8 = b't';
    pub const DATE_TIME: u8 = b'I';
    pub const DATE_TIME_ZONE_NAME: u8 = b'i';
    pub const DATE_TIME_LOCAL_SECONDS: u8 = b'F';
    pub const DATE_TIME_ZONE_NAME_LOCAL_SECONDS: u8 = b'f';
    pub const LOCAL_DATE_TIME: u8 = b'd';
    pub const DURATION: u8 = b'E';
    pub const POINT_2D: u8 = b'X';
    pub const POINT_3D: u8 = b'Y';
}
