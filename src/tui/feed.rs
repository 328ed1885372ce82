//! Decoding in the background: rows reach the UI while reading goes on.

mod meter;
mod recorder;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use self::meter::Meter;
use self::recorder::{Recorder, Rows};
use super::files::Files;
use super::spool::Spool;
use super::store::{Batch, Change, PREVIEW, Store};
use crate::capture::live::Monitor;
use crate::capture::open::{Opened, Opening};
use crate::capture::source::{Block, CaptureFacts, Source, Status};
use crate::engine::{self, Config};
use crate::event::Summary;
use crate::ws::session::Want;

/// Batches that may wait: then decoding waits too.
const QUEUE: usize = 64;

/// A capture that is being decoded in a thread of its own. Dropping it ends that.
#[derive(Debug)]
pub struct Feed {
    news: Receiver<News>,
    files: Files,
    cancelled: Arc<AtomicBool>,
    read: Arc<AtomicU64>,
    total: Option<u64>,
    /// What came while it was not to be shown.
    held: RefCell<VecDeque<News>>,
    /// The messages in it.
    held_messages: Cell<u64>,
    meter: RefCell<Meter>,
    began: Instant,
    live: bool,
    origin: Option<Arc<dyn Origin>>,
}

/// How a capture grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// Messages that come in a second, on average over the last three.
    pub rate: u64,
    /// Messages that came and are not shown, as the view is paused.
    pub held: u64,
    /// What its origin tells; `None` where the capture is a file that is followed.
    pub heard: Option<Heard>,
}

/// What a capture that grows comes from.
pub trait Origin: Send + Sync + fmt::Debug {
    /// How it is doing.
    fn heard(&self) -> Heard;

    /// What it remarked since the last call.
    fn notices(&self) -> Vec<String>;
}

/// How the origin of a capture is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Packets that were dropped, wherever; `None` where none can be.
    pub dropped: Option<u64>,
    /// How full the room for packets is that wait to be decoded, in percent.
    pub queue: u8,
    /// WebSockets that are open, where it serves them.
    pub clients: Option<u64>,
    /// Something is wrong: an interface is down or gone.
    pub trouble: bool,
}

impl Origin for Monitor {
    fn heard(&self) -> Heard {
        let (bytes, limit) = self.ring();
        let queue = bytes.saturating_mul(100).checked_div(limit).unwrap_or_default().min(100) as u8;
        Heard { dropped: Some(self.dropped()), queue, clients: None, trouble: self.is_in_trouble() }
    }

    fn notices(&self) -> Vec<String> {
        Self::notices(self)
    }
}

/// What the thread sends.
#[derive(Debug)]
enum News {
    Batch(Batch),
    End(Result<Box<Summary>, String>),
}

/// How much was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the files that were read, compressed where they are.
    pub read: u64,
    /// Bytes of all files, where they are known.
    pub total: Option<u64>,
}

impl Feed {
    /// Opens files as one capture (`-` is standard input) and begins to decode them. `config.want` is set
    /// here. `wake` is called, in the thread that decodes, when there is something new.
    ///
    /// # Errors
    /// Where a file cannot be opened or is no capture.
    pub fn start(paths: &[PathBuf], config: Config, wake: impl Fn() + Send + 'static) -> io::Result<Self> {
        let (files, Opened { source, size, .. }) = Files::open(paths, &config.limits)?;
        let mut feed = Self::of(source, files, config, wake)?;
        feed.total = size;
        Ok(feed)
    }

    /// As [`Feed::start`], but where the files end, more is waited for until the feed is dropped.
    ///
    /// # Errors
    /// As [`Feed::start`].
    pub fn follow(paths: &[PathBuf], config: Config, wake: impl Fn() + Send + 'static) -> io::Result<Self> {
        let opening = Opening { limits: config.limits.clone(), follow: true, ..Opening::default() };
        let (files, Opened { source, .. }) = Files::open_with(paths, &opening)?;
        let mut feed = Self::of(source, files, config, wake)?;
        feed.live = true;
        Ok(feed)
    }

    /// Of a source that is open, whose packets `files` has.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn of(
        source: Box<dyn Source>,
        files: Files,
        config: Config,
        wake: impl Fn() + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, news) = sync_channel(QUEUE);
        let (cancelled, read) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let feed = Self {
            news,
            files,
            cancelled: Arc::clone(&cancelled),
            read: Arc::clone(&read),
            total: None,
            held: RefCell::default(),
            held_messages: Cell::default(),
            meter: RefCell::default(),
            began: Instant::now(),
            live: false,
            origin: None,
        };
        let spool = feed.files.spool().cloned();
        let want = Want { payload: 2 * PREVIEW, hash: false, frame_bytes: 0 };
        let checkpoints = config.checkpoints.or_else(|| feed.files.checkpoints());
        let config = Config { want, checkpoints, ..config };
        thread::Builder::new().name("decode".to_owned()).spawn(move || {
            let mut source = Cancellable { source, cancelled };
            let mut rows = Rows::new(spool, |batch| send(&sender, News::Batch(batch), &wake));
            let progress = |bytes| read.store(bytes, Ordering::Relaxed);
            let result = engine::run(&mut source, &config, &Recorder::default, &mut rows, &progress);
            // Where reading failed, the last rows are still to come.
            let result = rows.flush().and(result);
            let end = result.map(Box::new).map_err(|error| error.to_string());
            // A UI that is gone needs no end.
            let _ = send(&sender, News::End(end), &wake);
        })?;
        Ok(feed)
    }

    /// Puts what is new into the store, as much of it as `budget` allows, and says whether there was any. One batch
    /// is put there in any case, and may take a millisecond.
    pub fn apply(&self, store: &mut Store, budget: Duration) -> bool {
        let since = Instant::now();
        let (mut any, mut changed) = (false, false);
        while !any || since.elapsed() < budget {
            let Some(news) = self.release().or_else(|| self.receive()) else { break };
            any = true;
            changed |= !news.is_empty();
            take(store, news);
        }
        changed
    }

    /// Takes what is new, so that decoding goes on, and keeps it until [`Feed::apply`].
    pub fn hold(&self) {
        while let Some(news) = self.receive() {
            self.held_messages.update(|sum| sum + news.messages());
            self.held.borrow_mut().push_back(news);
        }
    }

    /// The first of what was held.
    fn release(&self) -> Option<News> {
        let news = self.held.borrow_mut().pop_front()?;
        self.held_messages.update(|sum| sum - news.messages());
        Some(news)
    }

    fn receive(&self) -> Option<News> {
        let news = self.news.try_recv().ok()?;
        self.meter.borrow_mut().add(self.began.elapsed(), news.messages());
        Some(news)
    }

    /// It grows, and this tells of where it comes from.
    #[must_use]
    pub fn watching(mut self, origin: Arc<dyn Origin>) -> Self {
        self.live = true;
        self.origin = Some(origin);
        self
    }

    /// How it grows; `None` where it is a capture that does not.
    #[must_use]
    pub fn pulse(&self) -> Option<Pulse> {
        self.live.then(|| Pulse {
            rate: self.meter.borrow_mut().rate(self.began.elapsed()),
            held: self.held_messages.get(),
            heard: self.origin.as_ref().map(|origin| origin.heard()),
        })
    }

    /// What its origin remarked since the last call, and that packets are not kept any more.
    #[must_use]
    pub fn notices(&self) -> Vec<String> {
        let remarks = self.origin.as_ref().map(|origin| origin.notices());
        let failure = self.files.spool().and_then(Spool::failure);
        remarks.into_iter().flatten().chain(failure).collect()
    }

    /// Waits until all is read, and puts it into the store.
    pub fn finish(&self, store: &mut Store) {
        for news in self.held.take().into_iter().chain(&self.news) {
            take(store, news);
        }
    }

    /// How much was read.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress { read: self.read.load(Ordering::Relaxed), total: self.total }
    }

    /// The files, to read packets again.
    #[must_use]
    pub const fn files(&self) -> &Files {
        &self.files
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        // The thread is not waited for: it may be waiting itself, for a pipe.
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

impl News {
    /// Nothing is new, but how far decoding has come.
    fn is_empty(&self) -> bool {
        matches!(self, Self::Batch(batch) if batch.changes.is_empty())
    }

    fn messages(&self) -> u64 {
        match self {
            Self::Batch(batch) => {
                let is_message = |change: &&(u32, Change)| matches!(change.1, Change::Message(_));
                batch.changes.iter().filter(is_message).count() as u64
            }
            Self::End(_) => 0,
        }
    }
}

fn take(store: &mut Store, news: News) {
    match news {
        News::Batch(batch) => store.apply(batch),
        News::End(end) => store.end(end),
    }
}

fn send(sender: &SyncSender<News>, news: News, wake: &impl Fn()) -> io::Result<()> {
    sender.send(news).map_err(|_| io::ErrorKind::BrokenPipe)?;
    wake();
    Ok(())
}

/// A source that ends where nobody waits for it any more.
struct Cancellable {
    source: Box<dyn Source>,
    cancelled: Arc<AtomicBool>,
}

impl Source for Cancellable {
    fn fill(&mut self, block: &mut Block) -> io::Result<Status> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.source.fill(block)
    }

    fn facts(&self) -> &CaptureFacts {
        self.source.facts()
    }
}
