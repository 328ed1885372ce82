//! Decoding in the background: rows reach the UI while reading goes on.

mod recorder;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use self::recorder::{Recorder, Rows};
use super::files::Files;
use super::store::{Batch, PREVIEW, Store};
use crate::capture::open::Opened;
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
        let (files, opened) = Files::open(paths, &config.limits)?;
        let (sender, news) = sync_channel(QUEUE);
        let feed = Self { news, files, cancelled: Arc::default(), read: Arc::default(), total: opened.size };
        let (cancelled, read) = (Arc::clone(&feed.cancelled), Arc::clone(&feed.read));
        let Opened { source, .. } = opened;
        let config = Config { want: Want { payload: 2 * PREVIEW, hash: false, frame_bytes: 0 }, ..config };
        thread::Builder::new().name("decode".to_owned()).spawn(move || {
            let mut source = Cancellable { source, cancelled };
            let mut rows = Rows::new(|batch| send(&sender, News::Batch(batch), &wake));
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
        let mut changed = false;
        while !changed || since.elapsed() < budget {
            let Ok(news) = self.news.try_recv() else { break };
            take(store, news);
            changed = true;
        }
        changed
    }

    /// Waits until all is read, and puts it into the store.
    pub fn finish(&self, store: &mut Store) {
        for news in &self.news {
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
