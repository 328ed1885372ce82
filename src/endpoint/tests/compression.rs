//! Autobahn's sections 12 and 13: compression, with all sizes and parameters.

use super::*;
use crate::endpoint::negotiate::choose;
use crate::http::extension::Extensions;

/// What server and client agree on.
pub(super) fn agreed(offer: &str, wanted: &str) -> Agreed {
    let offers = Extensions::parse([offer.as_bytes()]);
    let (deflate, _) = choose(&offers.list, &wanted.parse().unwrap()).unwrap();
    Agreed { deflate: Some(deflate), subprotocol: None }
}

/// Text that compresses somewhat, and bytes that hardly do.
fn payloads(len: usize) -> [(Kind, Vec<u8>); 2] {
    let words = ["ticker", "{\"price\":", "1.0", "β", "🜨", "\n", "bid", ",", "ask"];
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let mut text = String::new();
    while text.len() < len {
        text.push_str(words[next() % words.len()]);
    }
    while text.len() > len {
        text.pop();
    }
    let noise = (0..len).map(|_| next() as u8).collect();
    [(Kind::Text, text.into_bytes()), (Kind::Binary, noise)]
}

/// A client and a server send each other messages of all sizes, several of each so that contexts count.
fn converse(offer: &str, wanted: &str, fragment: usize, lens: &[usize]) {
    let agreed = agreed(offer, wanted);
    let mut codec = Codec::new(1 << 20);
    let masker: Masker = Box::new(|| [5, 6, 7, 8]);
    let settings = Settings { fragment, masker: Some(masker), ..Settings::default() };
    let mut client = Endpoint::new(Role::Client, agreed.clone(), settings);
    let mut server = Echo::new(agreed, Settings { fragment, ..Settings::default() });
    for &len in lens {
        for (kind, payload) in payloads(len).into_iter().chain(payloads(len)) {
            let mut wire = Vec::new();
            client.send(kind, &payload, &mut codec, &mut wire);
            server.push(&wire);
            assert_eq!(server.failed(), None, "{offer} {wanted} {len}");
            let out = std::mem::take(&mut server.out);
            let event = client.receive(&mut &out[..], &mut codec, &mut Vec::new());
            assert_eq!(
                event,
                Some(Event::Message { kind, payload, compressed: true }),
                "{offer} {wanted} {len}"
            );
        }
    }
}

/// 12.1 to 12.5: sizes, and fragments of 0 (none), 256, 1 Ki, 4 Ki, 32 Ki.
#[test]
fn section_12_sizes() {
    for fragment in [usize::MAX, 256, 1 << 10, 4 << 10, 32 << 10] {
        let lens = [0, 1, 16, 64, 256, 1 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10, 128 << 10];
        converse("permessage-deflate; client_max_window_bits", "", fragment, &lens);
    }
}

/// 13.1 to 13.7: the client's offers; and what the server may want besides.
#[test]
fn section_13_parameters() {
    let lens = [16, 600, 4 << 10, 40 << 10];
    for offer in [
        "permessage-deflate; client_no_context_takeover; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover",
        "permessage-deflate; client_max_window_bits; server_max_window_bits=9",
        "permessage-deflate; client_max_window_bits; server_max_window_bits=15",
        "permessage-deflate; server_no_context_takeover; client_max_window_bits; server_max_window_bits=9",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=15",
        "permessage-deflate; server_no_context_takeover; client_max_window_bits; server_max_window_bits=9, permessage-deflate; client_max_window_bits",
    ] {
        converse(offer, "", usize::MAX, &lens);
    }
    for bits in 8..=15 {
        for wanted in ["", "; server_no_context_takeover", "; client_no_context_takeover"] {
            let wanted = format!("server_max_window_bits={bits}; client_max_window_bits={bits}{wanted}");
            converse("permessage-deflate; client_max_window_bits", &wanted, 1 << 10, &lens);
        }
    }
}

/// What RFC 7692 forbids is not let through.
#[test]
fn faults_of_compression() {
    let fails = |agreed: &Agreed, script: &str| {
        let mut server = Echo::new(agreed.clone(), Settings { max_message: 1 << 20, ..Settings::default() });
        server.push(&bytes(script, Dir::C2s));
        server.failed()
    };
    let usual = agreed("permessage-deflate", "");
    assert_eq!(fails(&usual, "c text z 'Hello' | text z 'Hello' | text 'plain'"), None);
    // RFC 7692 section 7.2.3.3: a block without compression; section 7.2.3.4: BFINAL; section 7.2.3.5: two blocks.
    assert_eq!(fails(&usual, "c text +rsv1 00 0500 faff 'Hello' 00"), None);
    assert_eq!(fails(&usual, "c text +rsv1 f348cdc9c9070000"), None);
    assert_eq!(fails(&usual, "c text +rsv1 f248050000 00ffff ca c9c9 0700"), None);
    assert_eq!(fails(&usual, "c text -fin z 'He' | cont z 'llo'"), None);
    // RSV1 on a continuation, on control frames.
    assert_eq!(fails(&usual, "c text -fin z 'He' | cont +rsv1 'llo'"), Some(1002));
    assert_eq!(fails(&usual, "c ping +rsv1"), Some(1002));
    // No DEFLATE, a cut block, text that is none.
    assert_eq!(fails(&usual, "c binary +rsv1 ffffffff"), Some(1007));
    assert_eq!(fails(&usual, "c text +rsv1 f248cd"), Some(1007));
    assert_eq!(fails(&usual, "c text z ff"), Some(1007));
    // A bomb: a thousandth of what it makes.
    assert_eq!(fails(&usual, "c binary z 00 *1048576"), None);
    assert_eq!(fails(&usual, "c binary z 00 *1048577"), Some(1009));
    // The endpoint's limit may be below the codec's.
    let mut small = Echo::new(usual.clone(), Settings { max_message: 100, ..Settings::default() });
    small.codec = Codec::new(1 << 20);
    small.push(&bytes("c binary z 00 *100 | binary z 00 *101", Dir::C2s));
    assert_eq!((small.events.len(), small.failed()), (2, Some(1009)));
    // A context that was not to be kept, a window that is too small.
    let alone = agreed("permessage-deflate; client_no_context_takeover", "");
    let far = "c text z 'the same words again and again' | text z 'the same words again and again'";
    assert_eq!((fails(&usual, far), fails(&alone, far)), (None, Some(1007)));
    let small = agreed("permessage-deflate; client_max_window_bits=8", "");
    let noise: String =
        (0..300).map(|n: u32| format!("{:02x}", n.wrapping_mul(2_654_435_761) >> 24)).collect();
    let far = format!("c binary z {noise} {noise}");
    assert_eq!((fails(&usual, &far), fails(&small, &far)), (None, Some(1007)));
}

/// More senders than compressors: all go on, with what history is left.
#[test]
fn compressors_are_shared() {
    let agreed = agreed("permessage-deflate", "");
    let mut codec = Codec::new(1 << 20);
    let mut servers: Vec<Endpoint> =
        (0..100).map(|_| Endpoint::new(Role::Server, agreed.clone(), Settings::default())).collect();
    let mut clients: Vec<Endpoint> =
        (0..100).map(|_| Endpoint::new(Role::Client, agreed.clone(), Settings::default())).collect();
    for round in 0..3 {
        for (server, client) in servers.iter_mut().zip(&mut clients) {
            let (_, payload) = &payloads(500 + round)[0];
            let mut out = Vec::new();
            server.send(Kind::Text, payload, &mut codec, &mut out);
            let event = client.receive(&mut &out[..], &mut codec, &mut Vec::new());
            assert!(matches!(event, Some(Event::Message { payload: back, .. }) if back == *payload));
        }
    }
}
