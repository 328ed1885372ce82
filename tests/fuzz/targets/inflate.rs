//! permessage-deflate: messages that were compressed, and bytes that were not.

use wscope::limits::Limits;
use wscope::ws::deflate::{Compressor, Context, Fault, Inflater, Params};

use super::bytes::Bytes;

/// Level and parameters in two bytes, then messages.
pub fn inflate(data: &[u8]) {
    let mut input = Bytes(data);
    let (how, level) = (input.u8(), input.u8());
    let params = Params {
        no_context_takeover: how & 1 != 0,
        window_bits: 8 + (how >> 1 & 7),
        per_frame: how & 16 != 0,
    };
    let mut messages = Vec::new();
    while !input.is_empty() {
        messages.push(input.piece());
    }
    round_trip(params, level % 9 + 1, &messages);
    any_bytes(params, how & 32 != 0, &messages);
}

/// What was compressed comes out as it was. A message may be compressed in parts.
fn round_trip(params: Params, level: u8, messages: &[&[u8]]) {
    let mut compressor = Compressor::new(level, params.window_bits);
    let (mut inflater, mut context) = (Inflater::new(), Context::new(params));
    // Small inputs become long messages, so that windows are filled.
    for (n, message) in messages.iter().enumerate() {
        let message = message.repeat(if n % 3 == 2 { 40 } else { 1 });
        if params.no_context_takeover {
            compressor.reset();
        }
        let mut wire = Vec::new();
        let (head, tail) = message.split_at(message.len() / (n % 3 + 1));
        if n % 2 == 1 {
            compressor.compress(head, false, &mut wire);
            compressor.compress(tail, true, &mut wire);
        } else {
            compressor.compress(&message, true, &mut wire);
        }
        let inflated = inflater.inflate(&mut context, &wire, &Limits::default());
        assert_eq!((inflated.fault, inflated.exceeded, inflated.final_block), (None, None, false));
        assert!(inflated.output == message, "message {n}");
        assert_eq!(inflated.consumed, wire.len());
    }
}

/// Bytes that nobody compressed: what comes out without a fault is what zlib makes of it, and one inflater with its
/// history at hand says the same as another that is given it.
fn any_bytes(params: Params, unknown: bool, messages: &[&[u8]]) {
    let limits = Limits { inflated_bytes: 1 << 20, inflate_ratio: 200, ..Limits::default() };
    let context = || if unknown { Context::unknown() } else { Context::new(params) };
    let (mut inflater, mut shared, mut other) = (Inflater::new(), context(), context());
    for (n, message) in messages.iter().enumerate() {
        if n % 5 == 4 {
            let prefix = inflater.inflate_prefix(&mut shared, message, &limits);
            assert!(prefix.consumed <= message.len());
            other.lose();
            continue;
        }
        let fresh = !unknown && (n == 0 || params.no_context_takeover);
        let inflated = inflater.inflate(&mut shared, message, &limits);
        assert!(inflated.consumed <= message.len());
        assert!(inflated.output.len() <= limits.inflated_bytes);
        if fresh && !message.is_empty() && inflated.fault.is_none() && !inflated.final_block {
            assert!(inflated.output == zlib(message), "message {n}");
        }
        if inflated.exceeded.is_some() || matches!(inflated.fault, Some(Fault::WindowExceeded)) {
            assert!(params.window_bits < 15);
        }
        let told = (inflated.output.to_vec(), inflated.fault, inflated.consumed, inflated.exceeded);
        let mut another = Inflater::new();
        let inflated = another.inflate(&mut other, message, &limits);
        assert_eq!(told, (inflated.output.to_vec(), inflated.fault, inflated.consumed, inflated.exceeded));
        assert_eq!(shared.is_lost(), other.is_lost());
    }
}

/// What zlib makes of a message, as far as it goes.
fn zlib(message: &[u8]) -> Vec<u8> {
    let input = [message, &[0, 0, 0xff, 0xff]].concat();
    let mut inflate = flate2::Decompress::new(false);
    let mut out = Vec::with_capacity((1 << 20) + 1);
    let _ = inflate.decompress_vec(&input, &mut out, flate2::FlushDecompress::Sync);
    out
}
