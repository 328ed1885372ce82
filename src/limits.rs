//! Every bound of the engine, in one place. Reaching one is a note (N005), never a silent loss.

/// The bounds within which captures are decoded. [`Limits::default`] suits a workstation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// TCP connections kept at once, over all shards; the least recently active goes first.
    pub connections: usize,
    /// Bytes of out-of-order segments held for one direction, counted as allocated.
    pub out_of_order_bytes: usize,
    /// Segments of out-of-order data held for one direction.
    pub out_of_order_segments: usize,
    /// Bytes of one HTTP head (request or status line and headers).
    pub http_head: usize,
    /// Client bytes held while the response to an upgrade request is missing.
    pub before_response: usize,
    /// Payload bytes kept of one message; what is beyond is validated, hashed and counted only.
    pub message_bytes: usize,
    /// Payload bytes kept of all unfinished messages of one shard (a 64th of all connections).
    pub shard_message_bytes: usize,
    /// Compressed bytes of one message collected before it is inflated.
    pub deflate_input: usize,
    /// Bytes that one message may inflate to.
    pub inflated_bytes: usize,
    /// How many times larger than its compressed form a message may inflate (above 1 MiB of output).
    pub inflate_ratio: u64,
    /// Bytes of inflate history kept over all connections of one shard.
    pub shard_history_bytes: usize,
    /// Bytes held besides for the connections of one shard: what waits for a hole to be filled, for an answer or to be
    /// recognised, and handshakes. Beyond it the connections that hold most are dropped.
    pub shard_held_bytes: usize,
    /// Sec-WebSocket-Keys remembered, to see one on a second connection.
    pub keys: usize,
    /// Bytes searched for a frame boundary after a gap, or at a connection's missing start.
    pub resync_bytes: usize,
    /// Bytes of all IP fragments held for reassembly.
    pub fragment_bytes: usize,
    /// How long a fragmented IP packet may take, in nanoseconds of capture time.
    pub fragment_nanos: i64,
    /// Tunnels within tunnels.
    pub tunnel_depth: usize,
    /// Bytes of one packet record or pcapng block.
    pub block_bytes: usize,
    /// Bytes looked at of one packet; the rest is taken for cut off. More than any network card puts together, as all
    /// that a packet tells is held until the next one.
    pub packet_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 100_000,
            out_of_order_bytes: 1 << 20,
            out_of_order_segments: 4_096,
            http_head: 64 << 10,
            before_response: 64 << 10,
            message_bytes: 64 << 20,
            shard_message_bytes: 256 << 20,
            deflate_input: 64 << 20,
            inflated_bytes: 64 << 20,
            inflate_ratio: 1_000,
            shard_history_bytes: 12 << 20,
            shard_held_bytes: 16 << 20,
            keys: 65_536,
            resync_bytes: 64 << 10,
            fragment_bytes: 4 << 20,
            fragment_nanos: 30_000_000_000,
            tunnel_depth: 4,
            block_bytes: 16 << 20,
            packet_bytes: 1 << 20,
        }
    }
}
