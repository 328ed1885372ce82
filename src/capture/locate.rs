//! Where packets lie in their files.

use super::source::LinkType;

/// Where a packet lies in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located {
    /// Index of the source, as they were named.
    pub source: u16,
    /// Offset of the packet's first byte in the source; where that is compressed, in what it holds.
    pub file_offset: u64,
    /// Bytes of the packet that the capture holds.
    pub len: u32,
    /// What the packet begins with.
    pub link: LinkType,
    /// The source is compressed.
    pub compressed: bool,
}
