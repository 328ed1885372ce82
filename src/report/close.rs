//! The names of close codes.

/// What a close code says (RFC 6455 section 7.4.1 and the registry that it opened), in a few words;
/// `None` for codes that the registry leaves to libraries and applications.
#[must_use]
pub const fn name(code: u16) -> Option<&'static str> {
    Some(match code {
        1000 => "normal",
        1001 => "going away",
        1002 => "protocol error",
        1003 => "unsupported data",
        1005 => "no status",
        1006 => "abnormal",
        1007 => "invalid data",
        1008 => "policy violation",
        1009 => "message too big",
        1010 => "extension missing",
        1011 => "internal error",
        1012 => "service restart",
        1013 => "try again later",
        1014 => "bad gateway",
        1015 => "TLS failure",
        _ => return None,
    })
}
