//! What was found on one connection: told once, folded after the tenth, with what the peer did next.

use crate::http::upgrade::Handshake;
use crate::item::{At, Dir, End};
use crate::time::Delay;

use super::finding::{Finding, Reaction};
use super::frame::{counted, sender};
use super::rule::{Level, Rule};

/// Findings of one rule on one connection that are told one by one.
pub const FOLD: u64 = 10;

/// Findings of one connection whose consequences are followed at once.
const FOLLOWED: usize = 16;

/// What an RST is to the other endpoint.
const RESET: &str = "reset the connection";

/// A Close that comes so much later is no answer.
const ANSWER_NANOS: i64 = 5_000_000_000;
const ANSWER_FRAMES: u64 = 16;

/// What a checker tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Told<'a> {
    /// A rule fired; or, with [`Finding::more`] above 0, what was only counted since the tenth time.
    Finding(&'a Finding),
    /// A rule fired once more; it is only counted.
    Counted(Level),
    /// What came of a finding that was told.
    Reaction(&'a Reaction),
}

impl Told<'_> {
    /// The level of the finding that is to be counted.
    #[must_use]
    pub fn counts(&self) -> Option<Level> {
        match self {
            Self::Finding(finding) if finding.more == 0 => Some(finding.rule.level),
            Self::Counted(level) => Some(*level),
            Self::Finding(_) | Self::Reaction(_) => None,
        }
    }
}

/// The findings of one connection.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    told: u32,
    counts: Vec<Count>,
    followed: Vec<Followed>,
    /// What each endpoint has done so far.
    done: [Done; 2],
}

/// What an endpoint has done so far: much is found only after it was answered, such as what is wrong with a
/// message that was never finished.
#[derive(Clone, Copy, Debug, Default)]
struct Done {
    /// The packet of its latest frame.
    frame: Option<u64>,
    /// Its first Close, with the status code.
    close: Option<(Option<u16>, At)>,
    /// How it ended TCP.
    end: Option<(&'static str, At)>,
}

#[derive(Debug)]
struct Count {
    rule: &'static Rule,
    times: u64,
    /// The first that was not told.
    folded: Option<Box<Finding>>,
}

/// A finding whose consequence is not known yet.
#[derive(Debug)]
struct Followed {
    nth: u32,
    /// Who may react.
    peer: Dir,
    at: At,
    /// Frames that the peer has sent since it was found.
    frames: u64,
    /// The peer had sent frames before it was found, nobody knows how many.
    late: bool,
}

impl Followed {
    /// The endpoint sent a Close.
    fn closed(&self, who: &str, code: Option<u16>, at: At, frames: u64) -> String {
        let code = code.map_or(String::new(), |code| format!(" {code}"));
        let nanos = at.time.since(self.at.time);
        if frames == 0 || frames < ANSWER_FRAMES && nanos < ANSWER_NANOS {
            format!("{who} sent Close{code} {}", after(nanos))
        } else {
            format!("{who} {}, then sent Close{code} {}", self.went_on(frames), after(nanos))
        }
    }

    /// The endpoint ended TCP.
    fn ended(&self, who: &str, what: &str, at: At) -> String {
        let after = after(at.time.since(self.at.time));
        match self.frames {
            0..ANSWER_FRAMES => format!("{who} {what} {after}"),
            frames => format!("{who} {}, then {what} {after}", self.went_on(frames)),
        }
    }

    fn went_on(&self, frames: u64) -> String {
        if self.late { "went on".to_owned() } else { format!("went on for {}", counted(frames, "frame")) }
    }
}

impl Ledger {
    /// A rule fired.
    pub(super) fn found(&mut self, mut finding: Finding, tell: &mut impl FnMut(Told<'_>)) {
        let at = self.counts.iter().position(|count| count.rule == finding.rule).unwrap_or(self.counts.len());
        if at == self.counts.len() {
            self.counts.push(Count { rule: finding.rule, times: 0, folded: None });
        }
        let Some(count) = self.counts.get_mut(at) else { return };
        count.times += 1;
        if count.times > FOLD {
            tell(Told::Counted(finding.rule.level));
            count.folded.get_or_insert_with(|| Box::new(finding));
            return;
        }
        self.told += 1;
        finding.nth = self.told;
        tell(Told::Finding(&finding));
        let Finding { rule, nth, dir: Some(dir), at: Some(at), .. } = finding else { return };
        // Nobody answers a reset.
        let reset = self.done[dir.index()].end.is_some_and(|(what, _)| what == RESET);
        if reset || rule.level == Level::Note || matches!(rule.family(), 'S' | 'N') {
            return;
        }
        let peer = dir.other();
        let Done { frame, close, end } = self.done[peer.index()];
        let late = frame.is_some_and(|packet| packet > at.packet);
        let followed = Followed { nth, peer, at, frames: 0, late };
        let since = |then: &At| then.packet > at.packet;
        let text = match (close.filter(|(_, then)| since(then)), end.filter(|(_, then)| since(then))) {
            (Some((code, then)), _) => followed.closed(sender(peer), code, then, 0),
            (None, Some((what, then))) => followed.ended(sender(peer), what, then),
            (None, None) => {
                if self.followed.len() < FOLLOWED {
                    self.followed.push(followed);
                }
                return;
            }
        };
        tell(Told::Reaction(&Reaction { to: nth, text }));
    }

    /// No finding waits for what its peer does.
    #[inline]
    pub(super) fn follows_nothing(&self) -> bool {
        self.followed.is_empty()
    }

    /// The findings on an upgrade request are answered by the response.
    pub(super) fn responded(&mut self, handshake: &Handshake, tell: &mut impl FnMut(Told<'_>)) {
        let text = match &handshake.response {
            Some(response) if response.status == 101 => {
                "the server accepted the upgrade all the same".to_owned()
            }
            Some(response) if response.status == 0 => "the server sent no answer that can be read".to_owned(),
            Some(response) => format!("the server refused the upgrade with {}", response.status),
            None => return,
        };
        self.resolve(Dir::S2c, tell, |_| Some(text.clone()));
    }

    /// An endpoint sent a frame.
    #[inline]
    pub(super) fn frame(&mut self, dir: Dir, at: At) {
        self.done[dir.index()].frame = Some(at.packet);
        for followed in self.followed.iter_mut().filter(|followed| followed.peer == dir) {
            followed.frames += 1;
        }
    }

    /// An endpoint sent a Close.
    pub(super) fn close(&mut self, dir: Dir, code: Option<u16>, at: At, tell: &mut impl FnMut(Told<'_>)) {
        self.done[dir.index()].close.get_or_insert((code, at));
        self.resolve(dir, tell, |followed| {
            // The Close is a frame itself.
            let frames = followed.frames.saturating_sub(1);
            Some(followed.closed(sender(dir), code, at, frames))
        });
    }

    /// An endpoint's TCP stream is over.
    pub(super) fn end(&mut self, dir: Dir, end: End, at: At, tell: &mut impl FnMut(Told<'_>)) {
        let done = &mut self.done[dir.index()];
        let what = match end {
            End::Fin if done.close.is_some() => "ended TCP",
            End::Fin => "ended TCP without a Close",
            End::Reset => RESET,
            End::ResetByPeer | End::Capture => return,
        };
        done.end.get_or_insert((what, at));
        self.resolve(dir, tell, |followed| Some(followed.ended(sender(dir), what, at)));
    }

    /// The connection is over: what is still open stays without an answer, what was folded is told.
    pub(super) fn finish(&mut self, tell: &mut impl FnMut(Told<'_>)) {
        for dir in Dir::BOTH {
            let Done { close, end, .. } = self.done[dir.index()];
            let over = close.is_some() || end.is_some();
            self.resolve(dir, tell, |followed| {
                let who = sender(dir);
                match followed.frames {
                    _ if followed.late => Some(format!("{who} took no notice: it went on")),
                    0 if over => None,
                    0 => Some(format!("nothing more was captured from {who}")),
                    frames => {
                        Some(format!("{who} took no notice: it went on with {}", counted(frames, "frame")))
                    }
                }
            });
        }
        self.tell_folded(tell);
    }

    /// Tells what was only counted.
    pub(super) fn tell_folded(&mut self, tell: &mut impl FnMut(Told<'_>)) {
        for count in &mut self.counts {
            let Some(mut finding) = count.folded.take() else { continue };
            finding.more = count.times - FOLD;
            finding.text = format!("+{} more on this connection", finding.more);
            self.told += 1;
            finding.nth = self.told;
            tell(Told::Finding(&finding));
        }
    }

    fn resolve(
        &mut self,
        dir: Dir,
        tell: &mut impl FnMut(Told<'_>),
        text: impl Fn(&Followed) -> Option<String>,
    ) {
        self.followed.retain(|followed| {
            let text = (followed.peer == dir).then(|| text(followed)).flatten();
            if let Some(text) = &text {
                tell(Told::Reaction(&Reaction { to: followed.nth, text: text.clone() }));
            }
            text.is_none()
        });
    }
}

fn after(nanos: i64) -> String {
    if nanos < 50_000 { "at once".to_owned() } else { format!("after {}", Delay(nanos)) }
}
