//! Numbers in words, the same in all that people read.

/// A number with its figures in groups: `4,812`.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// So many of a thing: `1 frame`, `4,812 frames`. `one` is a noun whose plural ends in `s`.
pub(crate) fn count(how_many: u64, one: &str) -> String {
    format!("{} {one}{}", number(how_many), if how_many == 1 { "" } else { "s" })
}
