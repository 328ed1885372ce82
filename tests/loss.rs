//! Whatever a capture lacks: what is certain is told unchanged, and nothing is invented.

mod support;

use proptest::prelude::*;
use serde_json::Value;
use support::conversation::{Conversation, Deflate, Draft, drafts, first_extra, sent, told};
use support::talk::{Sent, Who, capture, capture_cut};
use support::{alarms, export_bytes, false_alarms, of_type, records, singles};
use wscope::limits::Limits;

fn deflates() -> impl Strategy<Value = Deflate> {
    prop_oneof![Just(Deflate::No), Just(Deflate::Takeover), Just(Deflate::NoTakeover)]
}

fn sizes() -> impl Strategy<Value = usize> {
    prop_oneof![1 => 1..8usize, 3 => 8..100usize, 2 => 100..1_400usize]
}

/// No complete message was told that was not sent.
fn nothing_invented(talk: &Conversation, bytes: &[u8]) -> Result<(), TestCaseError> {
    let export = records(&export_bytes(bytes, 1));
    let invented = first_extra(&told(&export), &sent(&talk.said));
    prop_assert_eq!(invented, None, "{:#?}", export);
    prop_assert_eq!(false_alarms(&export), Vec::<&Value>::new());
    singles::compare(bytes, &Limits::default());
    Ok(())
}

/// The segments but those at these places, counted among those that carry frames.
fn without(talk: &Conversation, places: &[usize]) -> (Vec<Sent>, [Vec<(usize, usize)>; 2]) {
    let data = talk.data_segments();
    let mut missing = [Vec::new(), Vec::new()];
    let mut dropped: Vec<usize> =
        places.iter().filter_map(|place| data.get(place % data.len().max(1)).copied()).collect();
    dropped.sort_unstable();
    dropped.dedup();
    for n in &dropped {
        missing[talk.segments[*n].who as usize].push(talk.ranges[*n]);
    }
    let kept = talk
        .segments
        .iter()
        .enumerate()
        .filter(|(n, _)| !dropped.contains(n))
        .map(|(_, s)| s.clone())
        .collect();
    (kept, missing)
}

fn lossy(
    drafts: &[Draft],
    deflate: Deflate,
    size: usize,
    aligned: bool,
    places: &[usize],
) -> Result<(), TestCaseError> {
    let talk = Conversation::new(drafts, deflate, size, aligned);
    let (kept, missing) = without(&talk, places);
    let export = records(&export_bytes(&capture(&kept), 1));
    let told = told(&export);
    prop_assert_eq!(first_extra(&told, &sent(&talk.said)), None, "invented: {:#?}", export);
    let certain = sent(talk.certain(&missing, deflate));
    prop_assert_eq!(first_extra(&certain, &told), None, "lost: {:#?}", export);
    prop_assert_eq!(false_alarms(&export), Vec::<&Value>::new());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: support::cases(256), ..ProptestConfig::default() })]

    #[test]
    fn lost_segments_cost_what_they_carried(
        drafts in drafts(), deflate in deflates(), size in sizes(), aligned in any::<bool>(),
        places in prop::collection::vec(any::<usize>(), 0..6),
    ) {
        lossy(&drafts, deflate, size, aligned, &places)?;
    }

    #[test]
    fn a_capture_that_begins_late(
        drafts in drafts(), deflate in deflates(), size in sizes(), aligned in any::<bool>(), first in any::<usize>(),
    ) {
        let talk = Conversation::new(&drafts, deflate, size, aligned);
        let first = first % talk.segments.len();
        nothing_invented(&talk, &capture(&talk.segments[first..]))?;
    }

    #[test]
    fn a_capture_that_ends_early(
        drafts in drafts(), deflate in deflates(), size in sizes(), aligned in any::<bool>(), end in any::<usize>(),
    ) {
        let talk = Conversation::new(&drafts, deflate, size, aligned);
        let end = talk.handshake + end % (talk.segments.len() - talk.handshake);
        let mut missing = [Vec::new(), Vec::new()];
        for n in end..talk.segments.len() {
            missing[talk.segments[n].who as usize].push(talk.ranges[n]);
        }
        let export = records(&export_bytes(&capture(&talk.segments[..end]), 1));
        let wanted = sent(talk.certain(&missing, deflate));
        prop_assert_eq!(told(&export), wanted, "{:#?}", export);
        prop_assert!(alarms(&export).is_empty(), "{:#?}", export);
    }

    #[test]
    fn one_direction_alone(
        drafts in drafts(), deflate in deflates(), size in sizes(), aligned in any::<bool>(),
        who in prop_oneof![Just(Who::Client), Just(Who::Server)],
    ) {
        let talk = Conversation::new(&drafts, deflate, size, aligned);
        let kept: Vec<Sent> = talk.segments.iter().filter(|segment| segment.who == who).cloned().collect();
        let export = records(&export_bytes(&capture(&kept), 1));
        let wanted = sent(talk.said.iter().filter(|said| said.who == who));
        prop_assert_eq!(told(&export), wanted, "{:#?}", export);
        prop_assert_eq!(false_alarms(&export), Vec::<&Value>::new());
    }

    #[test]
    fn packets_cut_at_a_snap_length(
        drafts in drafts(), deflate in deflates(), size in sizes(), aligned in any::<bool>(), snaplen in 0..400usize,
    ) {
        let talk = Conversation::new(&drafts, deflate, size, aligned);
        nothing_invented(&talk, &capture_cut(&talk.segments, snaplen))?;
    }

    #[test]
    fn packets_seen_on_two_interfaces(
        drafts in drafts(), deflate in deflates(), size in sizes(), aligned in any::<bool>(),
        delays in prop::collection::vec(0..6usize, 1..20),
    ) {
        let talk = Conversation::new(&drafts, deflate, size, aligned);
        let mut twice: Vec<(usize, usize, &Sent)> = Vec::new();
        for (n, segment) in talk.segments.iter().enumerate() {
            twice.push((2 * n, 0, segment));
            twice.push((2 * n + 1 + 2 * delays[n % delays.len()], 1, segment));
        }
        twice.sort_by_key(|(time, copy, _)| (*time, *copy));
        let export = records(&export_bytes(&capture(twice.into_iter().map(|(_, _, segment)| segment)), 1));
        prop_assert_eq!(told(&export), sent(&talk.said));
        prop_assert!(alarms(&export).is_empty(), "{:#?}", export);
        prop_assert_eq!(of_type(&export, "connection").len(), 1);
    }

    #[test]
    fn sequence_numbers_wrap_anywhere(
        drafts in drafts(), deflate in deflates(), size in sizes(), back in 0..4_000u32, who in any::<bool>(),
        places in prop::collection::vec(any::<usize>(), 0..3),
    ) {
        let mut talk = Conversation::new(&drafts, deflate, size, true);
        for segment in &mut talk.segments {
            let client = segment.who == Who::Client;
            let own = 0u32.wrapping_sub(back);
            // One side starts just below the wrap, the other where it was.
            if client == who {
                let isn = if client { support::talk::CLIENT_ISN } else { support::talk::SERVER_ISN };
                segment.seq = segment.seq.wrapping_sub(isn).wrapping_add(own);
            } else if segment.flags & support::talk::ACK != 0 {
                let isn = if client { support::talk::SERVER_ISN } else { support::talk::CLIENT_ISN };
                segment.ack = segment.ack.wrapping_sub(isn).wrapping_add(own);
            }
        }
        let (kept, missing) = without(&talk, &places);
        let export = records(&export_bytes(&capture(&kept), 1));
        let told = told(&export);
        prop_assert_eq!(first_extra(&told, &sent(&talk.said)), None);
        prop_assert_eq!(first_extra(&sent(talk.certain(&missing, deflate)), &told), None);
    }
}
