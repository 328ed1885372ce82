//! What is kept of one direction between compressed messages: its parameters and its history.

use super::Params;
use super::history::History;

/// The compression state of one direction of a connection.
///
/// It holds at most the window that was agreed, and only as much of it as was seen: nothing before
/// the first message, nothing ever without context takeover.
#[derive(Clone, Debug)]
pub struct Context {
    params: Params,
    history: History,
    /// The parameters are those of the handshake.
    agreed: bool,
    /// Bytes were lost, and nothing makes up for it yet. With takeover, output before `history` is
    /// missing, and later messages may refer to it; without, no message was whole since.
    lost: bool,
    /// The output of all messages so far, in bytes; `None` once some of it is not known.
    sent: Option<u64>,
    /// Which inflater still has this very history in its window, and after which of its messages.
    held: Option<Held>,
}

impl Context {
    /// A direction from its first message on.
    #[must_use]
    pub const fn new(params: Params) -> Self {
        let history = History::new(params.window());
        Self { params, history, agreed: true, lost: false, sent: Some(0), held: None }
    }

    /// A direction whose beginning and parameters are not in the capture: its messages may refer to
    /// earlier ones, which are lost.
    #[must_use]
    pub const fn unknown() -> Self {
        let params = Params::DEFAULT;
        let history = History::new(params.window());
        Self { params, history, agreed: false, lost: true, sent: None, held: None }
    }

    /// The parameters in force.
    #[must_use]
    pub const fn params(&self) -> Params {
        self.params
    }

    /// Bytes of memory that the history takes.
    #[must_use]
    pub const fn history_bytes(&self) -> usize {
        self.history.allocated()
    }

    /// Messages may refer to output that is not there.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        self.lost && !self.params.no_context_takeover
    }

    /// What does not inflate is the sender's doing: the parameters are known, and no bytes were lost
    /// that could be the cause. After a loss that is so again once a window of output is certain or,
    /// without context takeover, a message.
    #[must_use]
    pub const fn is_certain(&self) -> bool {
        self.agreed && !self.lost
    }

    /// Tells that bytes of a compressed message are missing, or that one was passed over. From here
    /// on messages are inflated only as far as they do without what came before.
    pub fn lose(&mut self) {
        self.held = None;
        self.history = History::new(self.params.window());
        self.lost = true;
        self.sent = None;
    }

    /// A message that is all there did not inflate; `made` is how much output it stands for, where
    /// that is known. Without context takeover this tells nothing of the next.
    pub(super) fn fail(&mut self, made: Option<u64>) {
        if self.params.no_context_takeover {
            self.sent = self.sent.zip(made).map(|(sent, made)| sent.saturating_add(made));
        } else {
            self.lose();
        }
    }

    /// Output so far reaches back as far as this, in bytes.
    pub(super) fn reaches(&self, reach: u16) -> bool {
        self.sent.is_none_or(|sent| sent >= u64::from(reach))
    }

    /// Gives the history's memory back. Messages that need it are [`super::Fault::LostContext`]
    /// afterwards; nothing happens where there is none.
    pub fn drop_history(&mut self) {
        if self.history_bytes() > 0 {
            self.lose();
        }
    }

    /// The output that messages may refer to.
    pub(super) const fn history(&self) -> &History {
        &self.history
    }

    /// A message inflated to `output`.
    pub(super) fn extend(&mut self, output: &[u8], held: Option<Held>) {
        self.sent = self.sent.map(|sent| sent.saturating_add(output.len() as u64));
        if self.params.no_context_takeover {
            self.lost = false;
            return;
        }
        self.history.push(output);
        // No distance reaches beyond a full window: what was lost matters no more.
        self.lost &= !self.history.is_full();
        // An inflater's window is always the largest. Going on in it would resolve distances that a
        // smaller window does not hold, so what is shown would depend on who else was inflated.
        self.held = held.filter(|_| self.params.window() == Params::DEFAULT.window());
    }

    pub(super) const fn held(&self) -> Option<Held> {
        self.held
    }
}

/// Names one state of one inflater.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// Which inflater of this process.
    pub(super) inflater: u64,
    /// How many messages it had inflated.
    pub(super) messages: u64,
}
