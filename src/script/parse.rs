//! Lines into steps.

use super::head::{self, Head};
use super::lex::{self, Token};
use super::{Script, ScriptError, Step, Way, bounds, tokens};
use crate::item::Dir;

/// Reads a script.
pub(super) fn script(text: &str) -> Result<Script, ScriptError> {
    let mut parser = Parser::default();
    for (n, line) in text.lines().enumerate() {
        let line = line.trim_ascii();
        if !line.is_empty() && !line.starts_with('#') {
            parser.line(line).map_err(|expected| ScriptError {
                line: n + 1,
                text: line.to_owned(),
                expected,
            })?;
        }
    }
    Ok(parser.script)
}

#[derive(Default)]
struct Parser {
    script: Script,
    /// The line before was a `request` or `response`, or changed one.
    in_head: bool,
    /// Bytes that the steps so far send.
    size: usize,
}

impl Parser {
    fn line(&mut self, line: &str) -> Result<(), String> {
        if head::is_change(line) {
            return match self.script.steps.last_mut() {
                Some(Step::Head(_, head)) if self.in_head => head.change(line),
                _ => Err("expected `request` or `response` before a line that changes one".to_owned()),
            };
        }
        let (name, rest) = lex::word(line);
        if self.text_step(name, rest) {
            return Ok(());
        }
        self.in_head = false;
        let tokens = lex::tokens(rest)?;
        let step = match name {
            "c" => self.send(Dir::C2s, Way::Plain, &tokens)?,
            "s" => self.send(Dir::S2c, Way::Plain, &tokens)?,
            "lose" => {
                let (side, tokens) = side(name, &tokens)?;
                self.send(side, Way::Lost, tokens)?
            }
            "again" => {
                let (side, tokens) = side(name, &tokens)?;
                let (back, tokens) = split_number(tokens, u32::MAX.into(), "again c N")?;
                self.send(side, Way::Again(back as u32), tokens)?
            }
            "limit" => return self.limit(&tokens),
            "cut" => return self.cut(&tokens),
            _ => self.short_step(name, &tokens)?,
        };
        self.script.steps.push(step);
        Ok(())
    }

    /// A step whose rest of the line is taken as it stands; `false` where it is another one.
    fn text_step(&mut self, name: &str, rest: &str) -> bool {
        match name {
            "open" => {
                let request = Head::request("").with_extensions(rest);
                let response = Head::response("", Some(&request)).with_extensions(rest);
                self.script.steps.push(Step::Head(Dir::C2s, request));
                self.script.steps.push(Step::Head(Dir::S2c, response));
                self.in_head = false;
            }
            "request" => {
                self.script.steps.push(Step::Head(Dir::C2s, Head::request(rest)));
                self.in_head = true;
            }
            "response" => {
                let response = Head::response(rest, self.last_request());
                self.script.steps.push(Step::Head(Dir::S2c, response));
                self.in_head = true;
            }
            _ => return false,
        }
        true
    }

    /// The last request on this connection.
    fn last_request(&self) -> Option<&Head> {
        let here = self.script.steps.iter().rev().take_while(|step| **step != Step::Connection);
        here.filter_map(|step| match step {
            Step::Head(Dir::C2s, head) => Some(head),
            _ => None,
        })
        .next()
    }

    fn send(&mut self, side: Dir, way: Way, tokens: &[Token<'_>]) -> Result<Step, String> {
        let (parts, size) = tokens::parts(tokens)?;
        tokens::grow(&mut self.size, size, 1)?;
        Ok(Step::Send(side, way, parts))
    }

    /// A step without bytes.
    fn short_step(&self, name: &str, tokens: &[Token<'_>]) -> Result<Step, String> {
        let last = self.script.steps.last();
        let (step, rest) = match name {
            "lan" if last.is_some() => return Err("expected `lan` to be the first step".to_owned()),
            "lan" => (Step::Lan, tokens),
            "midstream" if !matches!(last, None | Some(Step::Lan | Step::Connection)) => {
                return Err(
                    "expected `midstream` to be the first step, or right after `lan` or `connection`"
                        .to_owned(),
                );
            }
            "midstream" => (Step::Midstream, tokens),
            "noack" => (Step::Acks(false), tokens),
            "ack" => (Step::Acks(true), tokens),
            "connection" => (Step::Connection, tokens),
            "fin" => side(name, tokens).map(|(side, rest)| (Step::Fin(side), rest))?,
            "reset" => side(name, tokens).map(|(side, rest)| (Step::Reset(side), rest))?,
            "snap" => split_number(tokens, MAX_NUMBER, "snap N")
                .map(|(number, rest)| (Step::Snap(number as usize), rest))?,
            "wait" => match tokens.split_first() {
                Some((Token::Word(word), rest)) if let Some(nanos) = duration(word) => {
                    (Step::Wait(nanos), rest)
                }
                _ => return Err("expected `wait` and a duration: 5ms, 31s, 2m or 1h, at most 24h".to_owned()),
            },
            _ => return Err(format!("expected a step: {STEPS}")),
        };
        nothing_more(rest).map(|()| step)
    }

    fn limit(&mut self, tokens: &[Token<'_>]) -> Result<(), String> {
        let Some((Token::Word(name), rest)) =
            tokens.split_first().filter(|(name, _)| bounds::NAMES.iter().any(|n| **name == Token::Word(n)))
        else {
            return Err(format!(
                "expected `limit NAME N` with one of the names {}",
                bounds::NAMES.join(", ")
            ));
        };
        let (value, rest) = split_number(rest, i64::MAX as u64, "limit NAME N")?;
        nothing_more(rest)?;
        self.script.limits.push(((*name).to_owned(), value));
        Ok(())
    }

    fn cut(&mut self, tokens: &[Token<'_>]) -> Result<(), String> {
        let (bytes, rest) = split_number(tokens, MAX_NUMBER, "cut N")?;
        nothing_more(rest)?;
        if bytes == 0 || self.script.cut > 0 {
            return Err("expected `cut N` once in a script, with a number from 1".to_owned());
        }
        self.script.cut = bytes as usize;
        Ok(())
    }
}

fn side<'t, 'l>(step: &str, tokens: &'t [Token<'l>]) -> Result<(Dir, &'t [Token<'l>]), String> {
    match tokens.split_first() {
        Some((Token::Word("c"), rest)) => Ok((Dir::C2s, rest)),
        Some((Token::Word("s"), rest)) => Ok((Dir::S2c, rest)),
        _ => Err(format!("expected `{step} c` or `{step} s`")),
    }
}

fn split_number<'t, 'l>(
    tokens: &'t [Token<'l>],
    max: u64,
    form: &str,
) -> Result<(u64, &'t [Token<'l>]), String> {
    match tokens.split_first() {
        Some((Token::Word(word), rest)) if let Some(number) = lex::number(word).filter(|n| *n <= max) => {
            Ok((number, rest))
        }
        _ => Err(format!("expected `{form}` with a number from 0 to {max}")),
    }
}

fn nothing_more(rest: &[Token<'_>]) -> Result<(), String> {
    if rest.is_empty() {
        Ok(())
    } else {
        Err("expected the line to end earlier: this step takes no more".to_owned())
    }
}

/// A duration in nanoseconds.
fn duration(word: &str) -> Option<i64> {
    let (digits, unit) = word.split_at(word.find(|c: char| !c.is_ascii_digit())?);
    let nanos = match unit {
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let nanos = lex::number(digits)?.checked_mul(nanos)?;
    i64::try_from(nanos).ok().filter(|nanos| *nanos <= 24 * 3_600_000_000_000)
}

const STEPS: &str = "lan, midstream, open, request, response, c, s, lose, again, fin, reset, noack, ack, wait, \
                     connection, snap, cut or limit";
/// No file and no packet is larger.
const MAX_NUMBER: u64 = u32::MAX as u64;
