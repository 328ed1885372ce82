//! Decoders of payloads.

use serde::de::IgnoredAny;
use wscope::decode::{Decoded, Format, Hint, decode as decoded, raw};

use super::bytes::Bytes;

/// What is known in a byte, then the payload.
pub fn decode(data: &[u8]) {
    let mut input = Bytes(data);
    let how = input.u8();
    let payload = input.0;
    let hint = Hint { text: how & 1 != 0, close: how & 2 != 0, partial: how & 4 != 0 };
    let forced = Format::ALL.get(usize::from(how >> 3)).copied();
    let decoded = decoded(payload, hint, forced);
    check(&decoded);
    assert!(!decoded.exact || decoded.text == payload);
    check(&raw(payload, hint));
    // Whatever serde_json accepts is JSON; it passes over strings without asking whether they are text.
    if hint.text
        && !hint.close
        && forced.is_none()
        && payload.trim_ascii().first().is_some_and(|byte| b"{[".contains(byte))
        && std::str::from_utf8(payload).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
    {
        assert!(decoded.tree.is_some(), "{decoded:?}");
    }
}

/// Places lie within the text, and values within what holds them.
fn check(decoded: &Decoded) {
    let Some(tree) = &decoded.tree else { return };
    let nodes = tree.nodes();
    for (place, node) in nodes.iter().enumerate() {
        for span in [node.key, node.value] {
            assert!(span.start <= span.end && span.end as usize <= decoded.text.len(), "{node:?}");
        }
        assert!(node.end as usize > place && node.end as usize <= nodes.len());
        let parent = &nodes[node.parent as usize];
        if node.depth > 0 {
            assert!((node.parent as usize) < place && node.end <= parent.end && parent.kind.holds());
            assert!(node.index < parent.len);
        }
    }
    for place in [0, nodes.len() / 2, nodes.len().saturating_sub(1)] {
        let _ = tree.path(place as u32, &decoded.text);
    }
    for byte in [0, decoded.text.len() / 2, decoded.text.len()] {
        let _ = tree.at(byte);
    }
    let _ = tree.child(0, "type", &decoded.text);
}
