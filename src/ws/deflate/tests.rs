//! Inflating, against RFC 7692's examples and against zlib itself.

use flate2::{Compress, Compression, FlushCompress};
use proptest::prelude::*;

mod loss;

use super::*;
use crate::limits::Limits;

const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// One message on a new inflater: output, fault, BFINAL seen.
fn inflate(context: &mut Context, message: &[u8]) -> (Vec<u8>, Option<Fault>, bool) {
    let mut inflater = Inflater::new();
    let inflated = inflater.inflate(context, message, &Limits::default());
    (inflated.output.to_vec(), inflated.fault, inflated.final_block)
}

fn takeover() -> Context {
    Context::new(Params::DEFAULT)
}

fn no_takeover() -> Context {
    Context::new(Params { no_context_takeover: true, ..Params::DEFAULT })
}

/// The sending side of a direction.
struct Sender {
    compress: Compress,
    reset: bool,
}

impl Sender {
    fn new(window_bits: u8) -> Self {
        let compress = Compress::new_with_window_bits(Compression::default(), false, window_bits);
        Self { compress, reset: false }
    }

    /// A message as it stands on the wire, unmasked.
    fn send(&mut self, text: &[u8]) -> Vec<u8> {
        if self.reset {
            self.compress.reset();
        }
        let mut out = Vec::with_capacity(text.len() * 2 + 100);
        let before = self.compress.total_in();
        self.compress.compress_vec(text, &mut out, FlushCompress::Sync).unwrap();
        assert_eq!(self.compress.total_in() - before, text.len() as u64);
        assert!(out.ends_with(&TAIL));
        out.truncate(out.len() - 4);
        out
    }
}

/// Messages that repeat parts of earlier ones, some far back; like chat in JSON, with noise.
fn conversation(count: usize) -> Vec<Vec<u8>> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut messages: Vec<Vec<u8>> = Vec::new();
    for n in 0..count {
        let mut text = format!("{{\"id\":{n},\"user\":\"u{}\",\"text\":\"", random() % 50).into_bytes();
        for _ in 0..random() % 30 {
            text.extend(format!("w{} ", random() % 5_000).bytes());
        }
        if n > 0 && random() % 3 == 0 {
            let earlier = messages[random() as usize % n].clone();
            text.extend(earlier);
        }
        text.truncate(3_000);
        text.extend(b"\"}");
        messages.push(text);
    }
    messages
}

/// RFC 7692 section 7.2.3.1, whole and in fragments, and 7.2.3.2.
#[test]
fn rfc_one_block_and_takeover() {
    let mut inflater = Inflater::new();
    let mut context = takeover();
    let limits = Limits::default();
    let fragments = [&b"\xf2\x48\xcd"[..], b"\xc9\xc9\x07\x00"].concat();
    let first = inflater.inflate(&mut context, &fragments, &limits);
    let expected =
        Inflated { output: b"Hello", fault: None, consumed: 7, final_block: false, exceeded: None };
    assert_eq!(first, expected);
    for _ in 0..3 {
        let next = inflater.inflate(&mut context, b"\xf2\x00\x11\x00\x00", &limits);
        assert_eq!((next.output, next.fault), (&b"Hello"[..], None));
    }
    // Without takeover it is the first form again, and the second refers to nothing.
    let mut context = no_takeover();
    for _ in 0..2 {
        let whole = inflater.inflate(&mut context, b"\xf2\x48\xcd\xc9\xc9\x07\x00", &limits);
        assert_eq!((whole.output, whole.fault), (&b"Hello"[..], None));
        let shorter = inflater.inflate(&mut context, b"\xf2\x00\x11\x00\x00", &limits);
        assert_eq!((shorter.output, shorter.fault), (&b"H"[..], Some(Fault::ContextKept { reach: 4 })));
    }
    assert_eq!(context.history_bytes(), 0);
}

/// RFC 7692 sections 7.2.3.3 (stored), 7.2.3.4 (BFINAL), 7.2.3.5 (two blocks), 7.2.3.6 (empty).
#[test]
fn rfc_other_forms() {
    let hello = b"Hello".to_vec();
    let stored = b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00";
    assert_eq!(inflate(&mut takeover(), stored), (hello.clone(), None, false));
    let two_blocks = b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00";
    assert_eq!(inflate(&mut takeover(), two_blocks), (hello.clone(), None, false));
    // The second BFINAL form is without the byte that should follow; both go on with takeover.
    for form in [&b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00"[..], b"\xf3\x48\xcd\xc9\xc9\x07\x00"] {
        let mut context = takeover();
        assert_eq!(inflate(&mut context, form), (hello.clone(), None, true));
        assert_eq!(inflate(&mut context, b"\xf2\x00\x11\x00\x00"), (hello.clone(), None, false));
    }
    for empty in [&b"\x00"[..], b"\x02\x00", b""] {
        let mut context = takeover();
        assert_eq!(inflate(&mut context, b"\xf2\x48\xcd\xc9\xc9\x07\x00").0, b"Hello");
        assert_eq!(inflate(&mut context, empty), (Vec::new(), None, false), "{empty:02x?}");
        assert_eq!(inflate(&mut context, b"\xf2\x00\x11\x00\x00"), (hello.clone(), None, false));
    }
}

/// Final blocks in the middle of a message, which refer to output before them.
#[test]
fn final_blocks_go_on() {
    let message = b"\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x00\x11\x00\xf2\x00\x11\x00\x00";
    let mut context = takeover();
    assert_eq!(inflate(&mut context, message), (b"HelloHelloHello".to_vec(), None, true));
    assert_eq!(inflate(&mut context, b"\xf2\x00\x11\x00\x00").0, b"Hello");
    // A final stored block that the tail completes.
    assert_eq!(inflate(&mut takeover(), b"\x01"), (Vec::new(), None, true));
}

/// A sender that leaves the four bytes on: every byte is known all the same.
#[test]
fn a_tail_that_was_not_cut_off() {
    let kept_tail = b"\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff";
    let mut context = takeover();
    assert_eq!(inflate(&mut context, kept_tail), (b"Hello".to_vec(), None, false));
    assert_eq!(inflate(&mut context, b"\xf2\x00\x11\x00\x00").0, b"Hello");
}

/// The four bytes at the end are inside the header of a dynamic block: nothing was left on.
#[test]
fn a_tail_that_is_no_tail() {
    let inside = b"\x04\x02\x00\x00\x00\xff\xff";
    assert_eq!(inflate(&mut takeover(), inside), (Vec::new(), Some(Fault::Broken), false));
}

/// Trailing bytes that are no block: what precedes them is shown. What it is made of is not told.
#[test]
fn trailing_garbage() {
    let message = b"\xf3\x48\xcd\xc9\xc9\x07\x00\xff\xff\xff";
    let (output, fault, final_block) = inflate(&mut takeover(), message);
    assert_eq!((&output[..], fault, final_block), (&b"Hello"[..], Some(Fault::Broken), false));
}

#[test]
fn every_window_with_takeover_and_without() {
    let messages = conversation(300);
    for window_bits in 8..=15 {
        for no_context_takeover in [false, true] {
            // zlib takes 9 bits for 8, and with them refers back no further than 250 bytes.
            let mut sender = Sender::new(window_bits.max(9));
            sender.reset = no_context_takeover;
            let params = Params { no_context_takeover, window_bits, per_frame: false };
            let mut context = Context::new(params);
            let mut inflater = Inflater::new();
            for (n, message) in messages.iter().enumerate() {
                let wire = sender.send(message);
                let told = inflater.inflate(&mut context, &wire, &Limits::default());
                assert_eq!(told.fault, None, "message {n}, {params:?}");
                assert_eq!(told.output, message, "message {n}, {params:?}");
                assert_eq!(told.consumed, wire.len());
            }
            let most = if no_context_takeover { 0 } else { 1 << window_bits };
            assert!(context.history_bytes() <= most);
        }
    }
}

/// The inflater may go on in its window, or be set back in between: the output is the same.
#[test]
fn interleaved_contexts_are_independent() {
    let messages = conversation(600);
    let mut shared = Inflater::new();
    let mut sides: Vec<(Sender, Context)> = [15, 15, 10, 15]
        .map(|bits| {
            let params = Params { window_bits: bits, ..Params::DEFAULT };
            (Sender::new(bits), Context::new(params))
        })
        .into();
    for (n, message) in messages.iter().enumerate() {
        let (sender, context) = &mut sides[(n * n / 7) % 4];
        let wire = sender.send(message);
        let told = shared.inflate(context, &wire, &Limits::default());
        assert_eq!((told.output, told.fault), (&message[..], None), "message {n}");
    }
}

/// A context that moves to another inflater does not find its window there.
#[test]
fn a_context_may_change_inflaters() {
    let mut inflaters = [Inflater::new(), Inflater::new()];
    let mut sender = Sender::new(15);
    let mut context = takeover();
    for (n, message) in conversation(50).iter().enumerate() {
        let wire = sender.send(message);
        let told = inflaters[n / 3 % 2].inflate(&mut context, &wire, &Limits::default());
        assert_eq!((told.output, told.fault), (&message[..], None));
    }
}

#[test]
fn bombs_are_cut_at_the_limit() {
    let zeros = vec![0; 40 << 20];
    let bomb = Sender::new(15).send(&zeros);
    assert!(bomb.len() < 50_000);
    let mut inflater = Inflater::new();
    let cut = |inflater: &mut Inflater, context: &mut Context, limits: &Limits| {
        let told = inflater.inflate(context, &bomb, limits);
        (told.output.len(), told.fault)
    };
    let by_size = Limits { inflated_bytes: 3 << 20, ..Limits::default() };
    let mut context = takeover();
    assert_eq!(cut(&mut inflater, &mut context, &by_size), (3 << 20, Some(Fault::Limit)));
    assert!(inflater.room_bytes() <= (3 << 20) + 1);
    assert!(context.is_lost());
    let by_ratio = Limits { inflate_ratio: 100, ..Limits::default() };
    let mut context = no_takeover();
    let most = bomb.len() * 100;
    assert_eq!(cut(&mut inflater, &mut context, &by_ratio), (most, Some(Fault::Limit)));
    assert!(!context.is_lost());
    // Exactly as large as allowed is allowed.
    let exact = Limits { inflated_bytes: zeros.len(), inflate_ratio: 2_000, ..Limits::default() };
    assert_eq!(cut(&mut inflater, &mut takeover(), &exact), (zeros.len(), None));
    let less = Limits { inflated_bytes: zeros.len() - 1, ..exact };
    assert_eq!(cut(&mut inflater, &mut takeover(), &less), (zeros.len() - 1, Some(Fault::Limit)));
    // The room for giants is given back.
    for _ in 0..2 {
        inflater.inflate(&mut takeover(), b"\x00", &Limits::default());
    }
    assert!(inflater.room_bytes() <= 1 << 20);
    // Small messages of a great ratio are no bombs.
    let small = Sender::new(15).send(&zeros[..1 << 20]);
    let strict = Limits { inflate_ratio: 2, ..Limits::default() };
    assert_eq!(inflater.inflate(&mut takeover(), &small, &strict).fault, None);
}

/// What precedes the cut is known to exceed the window, or not to.
#[test]
fn the_window_of_a_bomb() {
    let text: Vec<u8> = conversation(40).concat().into_iter().take(5_000).collect();
    let message = Sender::new(15).send(&text.repeat(400));
    for (inflated_bytes, exceeds) in [(4_000, false), (100_000, true)] {
        let limits = Limits { inflated_bytes, ..Limits::default() };
        let mut context = Context::new(Params { window_bits: 12, ..Params::DEFAULT });
        let mut inflater = Inflater::new();
        let told = inflater.inflate(&mut context, &message, &limits);
        assert_eq!((told.fault, told.output.len()), (Some(Fault::Limit), inflated_bytes));
        assert_eq!(told.exceeded.is_some(), exceeds);
    }
}

/// Two bytes are an empty final block: each costs a new window.
#[test]
fn final_blocks_without_output_are_bounded() {
    let message = b"\x03\x00".repeat(1 << 20);
    let (output, fault, final_block) = inflate(&mut takeover(), &message);
    assert_eq!((output.len(), fault, final_block), (0, Some(Fault::Limit), true));
}

#[test]
fn can_be_sent_to_a_thread() {
    fn sendable<T: Send>() {}
    sendable::<Inflater>();
    sendable::<Context>();
}

/// A fault found in the room past the limit: the byte made there does not count.
#[test]
fn a_fault_behind_the_limit_puts_out_no_more_than_the_limit() {
    let limits = Limits { inflated_bytes: 3, ..Limits::default() };
    let mut inflater = Inflater::new();
    let mut context = Context::new(Params { window_bits: 0, ..Params::DEFAULT });
    let told = inflater.inflate(&mut context, &[154, 80, 112, 96, 1, 128, 94, 0], &limits);
    assert!(told.output.len() <= 3 && told.fault.is_some(), "{told:?}");
}

proptest! {
    #[test]
    fn any_bytes_do_no_harm(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..20),
        window_bits: u8,
        inflated_bytes in 0_usize..2_000,
    ) {
        let mut inflater = Inflater::new();
        let mut context = Context::new(Params { window_bits, ..Params::DEFAULT });
        let limits = Limits { inflated_bytes, ..Limits::default() };
        for (n, message) in messages.iter().enumerate() {
            let told = if n % 5 == 4 {
                inflater.inflate_prefix(&mut context, message, &limits)
            } else {
                inflater.inflate(&mut context, message, &limits)
            };
            prop_assert!(told.output.len() <= inflated_bytes);
            prop_assert!(told.consumed <= message.len());
            prop_assert!(told.fault.is_some() || told.consumed == message.len());
            prop_assert!(context.history_bytes() <= 32 << 10);
        }
    }

    /// Whoever is inflated in between, by whichever inflater, the output is the same.
    #[test]
    fn the_same_whatever_is_in_between(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 1..12),
    ) {
        let (mut one, mut other) = (Inflater::new(), Inflater::new());
        let (mut alone, mut among, mut third) = (takeover(), takeover(), takeover());
        for message in &messages {
            let expected = one.inflate(&mut alone, message, &Limits::default());
            other.inflate(&mut third, b"\x02\x00", &Limits::default());
            let told = other.inflate(&mut among, message, &Limits::default());
            prop_assert_eq!(told, expected);
        }
    }
}
