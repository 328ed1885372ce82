//! Inflating, against RFC 7692's examples and against zlib itself.

use super::*;
use crate::limits::Limits;

fn limits() -> Limits {
    Limits::default()
}

fn inflate(context: &mut Context, message: &[u8]) -> (Vec<u8>, Option<Fault>) {
    let mut inflater = Inflater::new();
    let inflated = inflater.inflate(context, message, &limits());
    (inflated.output.to_vec(), inflated.fault)
}

/// RFC 7692 section 7.2.3.1 and 7.2.3.2.
#[test]
fn rfc_examples_of_takeover() {
    let mut inflater = Inflater::new();
    let mut context = Context::new(Params::DEFAULT);
    let first = inflater.inflate(&mut context, b"\xf2\x48\xcd\xc9\xc9\x07\x00", &limits());
    assert_eq!((first.output, first.fault, first.final_block), (&b"Hello"[..], None, false));
    let second = inflater.inflate(&mut context, b"\xf2\x00\x11\x00\x00", &limits());
    assert_eq!((second.output, second.fault), (&b"Hello"[..], None));
}
