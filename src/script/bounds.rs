//! The fields of [`Limits`] by name.

use crate::limits::Limits;

macro_rules! fields {
    ($($field:ident),+ $(,)?) => {
        /// The names, in the order of the declaration.
        pub(super) const NAMES: &[&str] = &[$(stringify!($field)),+];

        /// `limits` with one bound set. A name that is none changes nothing, nor does a value that the
        /// field cannot hold.
        pub(super) fn with(mut limits: Limits, name: &str, value: u64) -> Limits {
            // Every field is named: a new one that is missing here does not compile.
            let Limits { $($field),+ } = &mut limits;
            match name {
                $(stringify!($field) => *$field = value.try_into().unwrap_or(*$field),)+
                _ => {}
            }
            limits
        }
    };
}

fields! {
    connections, out_of_order_bytes, out_of_order_segments, http_head, before_response, message_bytes,
    shard_message_bytes, deflate_input, inflated_bytes, inflate_ratio, shard_history_bytes, keys, resync_bytes,
    fragment_bytes, fragment_nanos, tunnel_depth, block_bytes, shard_held_bytes, packet_bytes,
}
