//! stub
use super::fact::Utf8;
#[derive(Debug, Default)]
pub struct Utf8Stream { b: Vec<u8> }
impl Utf8Stream {
    pub fn push(&mut self, c: &[u8]) -> Result<(), u64> { self.b.extend_from_slice(c); Ok(()) }
    pub fn finish(self) -> Result<(), u64> { std::str::from_utf8(&self.b).map(|_| ()).map_err(|e| e.valid_up_to() as u64) }
}
pub fn check(b: &[u8], frame: u64) -> Utf8 { match std::str::from_utf8(b) { Ok(_) => Utf8::Valid, Err(e) => Utf8::Invalid { offset: e.valid_up_to() as u64, frame } } }
pub fn check_prefix(_: &[u8], _: u64) -> Utf8 { Utf8::Unknown }
