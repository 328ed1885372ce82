//! Arbitrary bytes and cut packets: never a panic, always one fate.
