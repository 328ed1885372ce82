//! The bytes of a frame or of a message.

use ratatui::layout::Rect;

use super::{PARTS, Subject};
use crate::decode::Decoded;
use crate::report::words::{count, number};
use crate::tui::action::Action;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::list::Scroll;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::ws::fact::Frame;

/// Which bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    /// The frame as on the wire.
    #[default]
    Wire,
    /// The frame with its payload unmasked.
    Unmasked,
    /// The payload of the message: all fragments, unmasked and inflated.
    Message,
}

impl Mode {
    const fn next(self) -> Self {
        match self {
            Self::Wire => Self::Unmasked,
            Self::Unmasked => Self::Message,
            Self::Message => Self::Wire,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Wire => "as on the wire",
            Self::Unmasked => "unmasked",
            Self::Message => "whole message",
        }
    }
}

/// The tab.
#[derive(Debug, Default)]
pub(super) struct HexTab {
    mode: Mode,
    /// The byte under the cursor.
    cursor: usize,
    scroll: Scroll,
    /// Bytes of a row, when it was drawn last.
    width: usize,
    /// How many bytes there are.
    len: usize,
    /// Of what they are: the message's place, and the index of the frame.
    of: Option<(usize, usize)>,
    field: Option<&'static str>,
}

/// What is shown, byte by byte.
struct Bytes<'a> {
    header: Vec<u8>,
    key: Option<[u8; 4]>,
    payload: &'a [u8],
}

impl<'a> Bytes<'a> {
    fn new(subject: &'a Subject, mode: Mode) -> Self {
        let frame = subject.frame().map(crate::tui::reopen::FrameDetail::frame);
        match (mode, frame) {
            (Mode::Message, _) | (_, None) => {
                Self { header: Vec::new(), key: None, payload: subject.detail.message().payload }
            }
            (_, Some(frame)) => {
                let mut header = Vec::new();
                frame.header.encode(&mut header);
                let key = frame.header.mask.filter(|_| mode == Mode::Unmasked);
                Self { header, key, payload: frame.wire }
            }
        }
    }

    const fn len(&self) -> usize {
        self.header.len() + self.payload.len()
    }

    fn get(&self, at: usize) -> Option<u8> {
        let Some(at) = at.checked_sub(self.header.len()) else { return self.header.get(at).copied() };
        let key = self.key.and_then(|key| key.get(at % 4).copied()).unwrap_or(0);
        self.payload.get(at).map(|byte| byte ^ key)
    }
}

/// The field of a header's byte.
fn field_at(frame: &Frame<'_>, at: usize) -> (&'static str, &'static str, Role) {
    let header = frame.header;
    let key = header.header_len() - if header.mask.is_some() { 4 } else { 0 };
    match at {
        0 => ("opcode", "FIN, RSV, opcode", Role::Heading),
        1 => ("length", "MASK, payload length", Role::Heading),
        at if at < key => ("length", "extended payload length", Role::Number),
        at if at < header.header_len() => ("masking key", "masking key", Role::Special),
        _ => ("payload", "payload", Role::Text),
    }
}

impl HexTab {
    pub(super) fn draw(
        &mut self,
        subject: &Subject,
        decoded: Option<&Decoded>,
        area: Rect,
        pane: usize,
        canvas: &mut Canvas<'_>,
    ) {
        self.fit(subject);
        let bytes = Bytes::new(subject, self.mode);
        self.len = bytes.len();
        self.cursor = self.cursor.min(self.len.saturating_sub(1));
        self.width = match area.width {
            75.. => 16,
            42..75 => 8,
            _ => 4,
        };
        let told = u16::from(area.height > 3);
        let list = Rect::new(area.x, area.y + told, area.width, area.height.saturating_sub(2 * told));
        self.scroll.cursor = self.cursor / self.width;
        self.scroll.fit(self.len.div_ceil(self.width), list.height.into());
        if told > 0 {
            self.head(subject, area, canvas);
            let last = Rect::new(area.x + 1, area.bottom() - 1, area.width.saturating_sub(2), 1);
            let text = self.under_cursor(subject, decoded, &bytes);
            canvas.put(last.x, last.y, last.width, &text, Role::Heading);
        }
        if self.len == 0 {
            canvas.put(list.x + 1, list.y, list.width.saturating_sub(2), "no bytes", Role::Dim);
        }
        let frame = subject.frame().map(crate::tui::reopen::FrameDetail::frame);
        for (y, row) in (list.y..list.bottom()).zip(self.scroll.window()) {
            let first = row * self.width;
            canvas.put(list.x + 1, y, 8, &format!("{first:06x}"), Role::Dim);
            let hex = list.x + 9;
            let text = hex + 3 * self.width as u16 + 1;
            for column in 0..self.width {
                let at = first + column;
                let Some(byte) = bytes.get(at) else { break };
                let role = match &frame {
                    Some(frame) if at < bytes.header.len() => field_at(frame, at).2,
                    _ => Role::Text,
                };
                let gap = u16::from(column >= 8);
                let place = Rect::new(hex + 3 * column as u16 + gap, y, 2, 1);
                canvas.put(place.x, y, 2, &format!("{byte:02x}"), role);
                let printed = Rect::new(text + gap + column as u16, y, 1, 1);
                match byte {
                    b' '..=b'~' => {
                        canvas.put(printed.x, y, 1, char::from(byte).encode_utf8(&mut [0; 4]), role)
                    }
                    _ => canvas.put(printed.x, y, 1, "·", Role::Dim),
                };
                for cell in [place, printed] {
                    if at == self.cursor {
                        canvas.paint(cell, Role::Cursor);
                    }
                    canvas.hit(cell, Hit::Part(pane, PARTS + at));
                }
            }
        }
        self.field = frame.filter(|_| !bytes.header.is_empty()).map(|frame| field_at(&frame, self.cursor).0);
    }

    /// The first line: which bytes these are.
    fn head(&self, subject: &Subject, area: Rect, canvas: &mut Canvas<'_>) {
        let mut text = format!("{} · {}", self.mode.name(), count(self.len as u64, "byte"));
        match (self.mode, subject.frame()) {
            (Mode::Message, _) => {
                let message = subject.detail.message();
                if message.compressed {
                    text = format!("{text}, inflated from {}", number(message.wire_len));
                }
                if message.cut() {
                    text = format!("{text} of {}", number(message.len));
                }
            }
            (_, Some(detail)) => {
                let frame = detail.frame();
                if frame.header.mask.is_none() {
                    text.push_str(", not masked");
                }
                if frame.seen < frame.header.len {
                    let lost = frame.header.len - frame.seen;
                    text = format!("{text}; {} lost, what is left stands together", count(lost, "byte"));
                } else if (frame.wire.len() as u64) < frame.seen {
                    text.push_str("; the rest is not kept");
                }
            }
            (_, None) => text.push_str(" of the message: its frames are not there"),
        }
        canvas.put(area.x + 1, area.y, area.width.saturating_sub(2), &text, Role::Dim);
    }

    /// What the byte under the cursor is.
    fn under_cursor(&self, subject: &Subject, decoded: Option<&Decoded>, bytes: &Bytes<'_>) -> String {
        let Some(byte) = bytes.get(self.cursor) else { return String::new() };
        let at = format!("{:#04x} at {}: {byte:02x}", self.cursor, number(self.cursor as u64));
        let in_header = self.cursor < bytes.header.len();
        let what = match subject.frame() {
            Some(detail) if in_header => field_at(&detail.frame(), self.cursor).1.to_owned(),
            _ => {
                let n = self.cursor - bytes.header.len();
                format!("payload byte {} of {}", number(n as u64), number(bytes.payload.len() as u64))
            }
        };
        let path = self.value(subject, decoded).map_or(String::new(), |path| format!(" · {path}"));
        format!("{at} · {what}{path}")
    }

    /// The path of the value that the byte under the cursor is part of.
    fn value(&self, subject: &Subject, decoded: Option<&Decoded>) -> Option<String> {
        let decoded = decoded.filter(|decoded| decoded.exact)?;
        let at = match self.mode {
            Mode::Message => self.cursor,
            _ if subject.row.compressed || subject.row.fault.is_some() => return None,
            _ => {
                let header = subject.frame()?.frame().header.header_len();
                let before: usize = subject
                    .detail
                    .frames
                    .iter()
                    .take(subject.at)
                    .map(|detail| detail.frame().wire.len())
                    .sum();
                before + self.cursor.checked_sub(header)?
            }
        };
        let tree = decoded.tree.as_ref()?;
        Some(tree.path(tree.at(at)?, &decoded.text))
    }

    /// Another message or frame begins at its first byte.
    fn fit(&mut self, subject: &Subject) {
        let of = Some((subject.place, subject.at));
        if self.of != of {
            self.of = of;
            self.cursor = 0;
        }
    }

    pub(super) fn path(&self, decoded: Option<&Decoded>) -> Option<String> {
        let decoded = decoded.filter(|decoded| decoded.exact && self.mode == Mode::Message)?;
        let tree = decoded.tree.as_ref()?;
        Some(tree.path(tree.at(self.cursor)?, &decoded.text))
    }

    /// The byte under the cursor.
    pub(super) const fn cursor(&self) -> usize {
        self.cursor
    }

    /// The field of the byte under the cursor.
    pub(super) const fn field(&self) -> Option<&'static str> {
        self.field
    }

    /// Puts the cursor on the first byte of a field.
    pub(super) fn go_to(&mut self, subject: &Subject, field: &str) {
        self.fit(subject);
        if self.mode == Mode::Message {
            self.mode = Mode::Wire;
        }
        let Some(header) = subject.frame().map(|detail| detail.frame().header) else { return };
        self.cursor = match field {
            "MASK" => 1,
            "length" => 1 + usize::from(header.len7 > 125),
            "masking key" => header.header_len() - 4,
            "payload" => header.header_len(),
            _ => 0,
        };
    }

    /// As [`HexTab::go_to`], where bytes of the frame are shown.
    pub(super) fn follow(&mut self, subject: &Subject, field: Option<&'static str>) {
        if self.mode != Mode::Message
            && let Some(field) = field
        {
            self.go_to(subject, field);
        }
    }

    /// What `r` shows next.
    pub(super) const fn next_mode(&self) -> &'static str {
        self.mode.next().name()
    }

    pub(super) fn act(&mut self, model: &mut Model, subject: &Subject, action: Action) -> bool {
        let (row, page) = (self.width.max(1), self.width.max(1) * self.scroll.height.max(2));
        let last = self.len.saturating_sub(1);
        self.cursor = match action {
            Action::Left => self.cursor.saturating_sub(1),
            Action::Right => (self.cursor + 1).min(last),
            Action::Up => self.cursor.checked_sub(row).unwrap_or(self.cursor),
            Action::Down => Some(self.cursor + row).filter(|at| *at <= last).unwrap_or(self.cursor),
            Action::HalfUp => self.cursor.saturating_sub(page / 2 / row * row),
            Action::HalfDown => (self.cursor + page / 2 / row * row).min(last),
            Action::PageUp => self.cursor.saturating_sub(page),
            Action::PageDown => (self.cursor + page).min(last),
            Action::Top => 0,
            Action::Bottom => last,
            Action::Raw => {
                let header = subject.frame().map_or(0, |detail| detail.frame().header.header_len());
                let before = self.mode;
                self.mode = self.mode.next();
                model.say(format!("bytes: {}", self.mode.name()));
                match (before, self.mode) {
                    (Mode::Unmasked, _) => self.cursor.saturating_sub(header),
                    (Mode::Message, _) => self.cursor.saturating_add(header),
                    _ => self.cursor,
                }
            }
            _ => return false,
        };
        let frame = subject.frame().filter(|_| self.mode != Mode::Message);
        self.field = frame.map(|detail| field_at(&detail.frame(), self.cursor).0);
        true
    }

    pub(super) fn click(&mut self, hit: Hit) {
        if let Hit::Part(_, part) = hit
            && let Some(at) = part.checked_sub(PARTS)
        {
            self.cursor = at;
        }
    }

    pub(super) fn roll(&mut self, by: isize) {
        self.scroll.roll(by);
        let column = self.cursor % self.width.max(1);
        self.cursor = (self.scroll.cursor * self.width + column).min(self.len.saturating_sub(1));
    }

    /// The row under the cursor, as a dump.
    pub(super) fn line(&self, subject: &Subject) -> Option<String> {
        let bytes = Bytes::new(subject, self.mode);
        let first = self.cursor / 16 * 16;
        let row: Vec<u8> = (first..first + 16).map_while(|at| bytes.get(at)).collect();
        Some(crate::report::hexdump::line(first as u64, &row))
    }
}
