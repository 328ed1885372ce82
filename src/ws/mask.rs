//! stub
pub fn unmask_into(out: &mut Vec<u8>, data: &[u8], key: [u8; 4], phase: usize) {
    out.extend(data.iter().enumerate().map(|(i, b)| b ^ key[(i + phase) & 3]));
}
