//! Missing, damaged and cut messages: nothing is guessed, and decoding recovers.

use flate2::{Decompress, FlushDecompress};

use super::*;

#[test]
fn a_cut_message_is_broken_and_loses_the_context() {
    let whole = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
    for cut in 1..whole.len() - 1 {
        let mut context = takeover();
        let (output, fault, _) = inflate(&mut context, &whole[..cut]);
        assert!(b"Hello".starts_with(&output), "{cut}: {output:?}");
        assert_eq!(fault, Some(Fault::Broken), "{cut}");
        let (output, fault, _) = inflate(&mut context, b"\xf2\x00\x11\x00\x00");
        assert_eq!((output, fault), (b"H".to_vec(), Some(Fault::LostContext)));
    }
}

#[test]
fn after_a_loss_nothing_is_guessed_and_decoding_recovers() {
    let messages = conversation(400);
    for lose in [Context::lose, Context::drop_history] {
        let mut sender = Sender::new(15);
        let mut inflater = Inflater::new();
        let mut context = takeover();
        let (mut lost, mut right_again) = (0, 0);
        for (n, message) in messages.iter().enumerate() {
            // At 200 the sender forgets, as one does that was asked to flush its window.
            if n == 200 {
                sender.compress.reset();
            }
            let wire = sender.send(message);
            if n == 100 {
                lose(&mut context);
                assert!(context.is_lost());
                assert_eq!(context.history_bytes(), 0);
            }
            let told = inflater.inflate(&mut context, &wire, &Limits::default());
            match told.fault {
                None => assert_eq!(told.output, message),
                Some(fault) => {
                    assert_eq!(fault, Fault::LostContext);
                    assert!(message.starts_with(told.output));
                    assert!((100..200).contains(&n));
                    lost += 1;
                }
            }
            right_again += u32::from(n >= 200 && told.fault.is_none());
        }
        assert!(lost > 10);
        assert_eq!(right_again, 200);
        assert!(!context.is_lost(), "a full window of certain output makes up for the loss");
    }
}

#[test]
fn a_capture_that_begins_in_the_middle() {
    let messages = conversation(40);
    let mut sender = Sender::new(15);
    let wires: Vec<_> = messages.iter().map(|message| sender.send(message)).collect();
    let mut context = Context::unknown();
    for (wire, message) in wires.iter().zip(&messages).skip(20) {
        let (output, fault, _) = inflate(&mut context, wire);
        assert!(message.starts_with(&output));
        assert!(matches!(fault, None | Some(Fault::LostContext)));
    }
    // Messages that refer to nothing are readable at once.
    let mut sender = Sender::new(15);
    sender.reset = true;
    let mut context = Context::unknown();
    for message in &messages {
        assert_eq!(inflate(&mut context, &sender.send(message)), (message.clone(), None, false));
    }
}

/// However much inflates, what was agreed on stays unknown: nothing is held against the sender.
#[test]
fn without_a_handshake_no_fault_is_the_senders() {
    let mut context = Context::unknown();
    let much = conversation(40).concat().repeat(20);
    assert_eq!(inflate(&mut context, &Sender::new(15).send(&much)), (much, None, false));
    assert!(!context.is_lost() && !context.is_certain());
    assert_eq!(inflate(&mut context, b"\xf3\x48\xcd\xc9\xc9\x07\x00"), (b"Hello".to_vec(), None, false));
    assert_eq!(inflate(&mut context, b"\x06"), (Vec::new(), Some(Fault::LostContext), false));
}

/// A history that was dropped to save memory is no fault of the sender either.
#[test]
fn without_its_history_no_fault_is_the_senders() {
    let mut context = takeover();
    assert!(context.is_certain());
    inflate(&mut context, b"\xf2\x48\xcd\xc9\xc9\x07\x00");
    context.drop_history();
    assert!(!context.is_certain());
    assert_eq!(inflate(&mut context, b"\x06"), (Vec::new(), Some(Fault::LostContext), false));
}

#[test]
fn the_part_before_a_gap() {
    let message = conversation(1).concat().repeat(20);
    let wire = Sender::new(15).send(&message);
    let mut inflater = Inflater::new();
    let mut context = takeover();
    let mut longest = 0;
    for cut in 0..wire.len() {
        let told = inflater.inflate_prefix(&mut context, &wire[..cut], &Limits::default());
        assert_eq!(told.fault, None);
        assert!(message.starts_with(told.output));
        assert!(told.output.len() >= longest);
        longest = told.output.len();
        assert!(context.is_lost());
    }
    let mut context = no_takeover();
    inflater.inflate_prefix(&mut context, &wire[..5], &Limits::default());
    assert!(!context.is_lost());
}

/// What zlib makes of the messages one after the other, until one fails.
struct Continuous(Decompress);

impl Continuous {
    fn inflate(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(1 << 17);
        self.0.decompress_vec(message, &mut out, FlushDecompress::None).ok()?;
        self.0.decompress_vec(&TAIL, &mut out, FlushDecompress::None).ok()?;
        Some(out)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// One byte of one message is damaged. Until a fault is seen, the output is what zlib gives;
    /// from then on it is what was sent, or nothing beyond what is certain.
    #[test]
    fn damage_never_leads_to_wrong_bytes(damaged in 3_usize..20, flip in 1_u8..=255, seed: usize) {
        let messages = conversation(40);
        let mut sender = Sender::new(15);
        let mut wires: Vec<_> = messages.iter().map(|message| sender.send(message)).collect();
        for offset in (seed % 13..wires[damaged].len()).step_by(13) {
            wires[damaged][offset] ^= flip;
            let mut zlib = Continuous(Decompress::new(false));
            let mut inflater = Inflater::new();
            let mut context = takeover();
            let mut faults = 0;
            for (n, (wire, message)) in wires.iter().zip(&messages).enumerate() {
                let told = inflater.inflate(&mut context, wire, &Limits::default());
                if faults > 0 {
                    prop_assert!(message.starts_with(told.output), "message {}", n);
                    prop_assert!(matches!(told.fault, None | Some(Fault::LostContext)));
                    prop_assert_eq!(told.fault.is_none(), told.output.len() == message.len());
                } else if told.fault.is_none() && !told.final_block {
                    prop_assert_eq!(Some(told.output.to_vec()), zlib.inflate(wire), "message {}", n);
                }
                faults += u32::from(told.fault.is_some());
                // zlib stops at a final block, which damage may make.
                if told.final_block && faults == 0 {
                    break;
                }
            }
            wires[damaged][offset] ^= flip;
        }
    }
}
