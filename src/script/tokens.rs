//! Tokens into what is to be sent.

use super::lex::{self, Token};
use super::{Content, Frame, Masking, Part, Piece, Run};
use crate::ws::fact::Opcode;

/// What a step sends, and at most how many bytes that is (a little more, where it is compressed).
/// The error says what was expected.
pub(super) fn parts(tokens: &[Token<'_>]) -> Result<(Vec<Part>, usize), String> {
    let mut size = 0;
    let parts = tokens
        .split(|token| *token == Token::Bar)
        .map(|tokens| part(tokens, &mut size))
        .collect::<Result<_, _>>()?;
    Ok((parts, size))
}

fn part(tokens: &[Token<'_>], size: &mut usize) -> Result<Part, String> {
    let Some((first, rest)) = tokens.split_first() else {
        return Err(format!("expected {BYTES}, or {OPCODES}, or {FRAMES}"));
    };
    match first {
        Token::Word(word) if let Some(opcode) = opcode(word) => frame(opcode, rest, size).map(Part::Frame),
        _ => raw(tokens, size).map(Part::Raw),
    }
}

fn raw(tokens: &[Token<'_>], size: &mut usize) -> Result<Vec<Run>, String> {
    let mut runs = vec![Run::default()];
    for token in tokens {
        if let Token::Word(word) = token
            && let Some(key) = word.strip_prefix("mask:")
        {
            runs.push(Run { key: Some(self::key(key)?), pieces: Vec::new() });
            grow(size, KEY_AND_HEADER, 1)?;
        } else if let Some(run) = runs.last_mut() {
            add(&mut run.pieces, token, size, "or a frame's word first: text binary cont ping pong close")?;
        }
    }
    Ok(runs)
}

fn frame(opcode: Opcode, tokens: &[Token<'_>], size: &mut usize) -> Result<Frame, String> {
    let mut frame =
        Frame { opcode, fin: true, rsv: 0, masking: Masking::Usual, compress: false, payload: Vec::new() };
    grow(size, KEY_AND_HEADER, 1)?;
    let mut rest = tokens;
    while let Some((Token::Word(word), after)) = rest.split_first()
        && flag(&mut frame, word)?
    {
        rest = after;
    }
    if opcode == Opcode::CLOSE
        && let Some((Token::Word(word), after)) = rest.split_first()
        && let Some(code) = close_code(word)?
    {
        frame.payload.push(Piece { content: Content::Bytes(code.to_be_bytes().to_vec()), times: 1 });
        rest = after;
    }
    for token in rest {
        add(
            &mut frame.payload,
            token,
            size,
            "with the flags -fin +rsv1 +rsv2 +rsv3 nomask mask:KEY z before them",
        )?;
    }
    Ok(frame)
}

/// Sets a flag; `false` where the word is none.
fn flag(frame: &mut Frame, word: &str) -> Result<bool, String> {
    match word {
        "-fin" => frame.fin = false,
        "+rsv1" => frame.rsv |= 4,
        "+rsv2" => frame.rsv |= 2,
        "+rsv3" => frame.rsv |= 1,
        "nomask" => frame.masking = Masking::Never,
        "z" => {
            frame.compress = true;
            if frame.opcode != Opcode::CONTINUATION {
                frame.rsv |= 4;
            }
        }
        _ => match word.strip_prefix("mask:") {
            Some(key) => frame.masking = Masking::Key(self::key(key)?),
            None => return Ok(false),
        },
    }
    Ok(true)
}

/// The code that a Close begins with; `None` where the word is hexadecimal.
fn close_code(word: &str) -> Result<Option<u16>, String> {
    if !matches!(word.len(), 1 | 3..=5) || !word.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    word.parse().map(Some).map_err(|_| format!("expected a close code of at most 65535, not `{word}`"))
}

/// Adds a token's bytes, or repeats the last ones.
fn add(pieces: &mut Vec<Piece>, token: &Token<'_>, size: &mut usize, or: &str) -> Result<(), String> {
    let content = match token {
        Token::Word(word) if let Some(times) = word.strip_prefix('*') => {
            let times =
                lex::number(times).and_then(|times| usize::try_from(times).ok()).filter(|times| *times > 0);
            let times = times.ok_or_else(|| format!("expected `*N` with a number from 1, not `{word}`"))?;
            let piece = pieces.last_mut().filter(|piece| piece.times == 1);
            let piece = piece.ok_or_else(|| format!("expected bytes before `{word}` that it repeats"))?;
            piece.times = times;
            return grow(size, piece.content.size(), times - 1);
        }
        Token::Word(word) => {
            Content::Bytes(lex::hex(word).ok_or_else(|| format!("expected {BYTES}, not `{word}`; {or}"))?)
        }
        Token::Text(bytes) => Content::Bytes(bytes.clone()),
        Token::Deflate(bytes) => Content::Deflate(bytes.clone()),
        Token::Fresh(bytes) => Content::Fresh(bytes.clone()),
        // Parts are parted there.
        Token::Bar => return Ok(()),
    };
    grow(size, content.size(), 1)?;
    pieces.push(Piece { content, times: 1 });
    Ok(())
}

impl Content {
    /// At most so many bytes on the wire.
    fn size(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            // Blocks that are stored cost a few bytes each.
            Self::Deflate(bytes) | Self::Fresh(bytes) => bytes.len() + bytes.len() / 64 + 16,
        }
    }
}

/// Adds `times` times `more`, up to what a script may send.
pub(super) fn grow(size: &mut usize, more: usize, times: usize) -> Result<(), String> {
    let sum = more.checked_mul(times).and_then(|more| size.checked_add(more));
    *size = sum.filter(|sum| *sum <= MAX_BYTES).ok_or("expected at most 16 MiB in all steps together")?;
    Ok(())
}

fn opcode(word: &str) -> Option<Opcode> {
    Some(match word {
        "text" => Opcode::TEXT,
        "binary" => Opcode::BINARY,
        "cont" => Opcode::CONTINUATION,
        "ping" => Opcode::PING,
        "pong" => Opcode::PONG,
        "close" => Opcode::CLOSE,
        _ => return None,
    })
}

fn key(digits: &str) -> Result<[u8; 4], String> {
    let key = lex::hex(digits).and_then(|bytes| bytes.try_into().ok());
    key.ok_or_else(|| format!("expected `mask:` and 8 hexadecimal digits, not `mask:{digits}`"))
}

const BYTES: &str = "bytes (81 8185 'text' *3 deflate('text') fresh('text') mask:37fa213d)";
const OPCODES: &str = "a frame (text binary cont ping pong close, flags, bytes)";
const FRAMES: &str = "several with ` | ` between them";

/// What a script may send.
const MAX_BYTES: usize = 16 << 20;
const KEY_AND_HEADER: usize = crate::ws::header::MAX_LEN;
