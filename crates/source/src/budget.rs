//! A bound on the bytes of all pages that were read and are not yet committed.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const KIB: usize = 1024;
/// What one reply may need: the service sends at most 1 MB of records.
const RESERVED_KIB: u32 = 1024;

/// Memory for pages, shared by all shards of all tables. Cheap to clone.
///
/// A reader reserves 1 MiB before it asks for a page and keeps of it what the page needs until the page's permit is
/// dropped. Whoever gathers pages must seal what it holds when no more come, or nothing ever comes again.
#[derive(Debug, Clone)]
pub struct ByteBudget(Arc<Semaphore>);

/// A page's share of the budget; dropping it gives the bytes back.
#[derive(Debug)]
pub struct BytePermit(OwnedSemaphorePermit);

impl ByteBudget {
    /// A budget of `bytes`, at least 1 MiB: one page must fit.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let kib = (bytes / KIB).clamp(RESERVED_KIB as usize, Semaphore::MAX_PERMITS);
        Self(Arc::new(Semaphore::new(kib)))
    }

    /// Bytes that nobody holds.
    #[must_use]
    pub fn available(&self) -> usize {
        self.0.available_permits() * KIB
    }

    /// Waits for the 1 MiB that a reply may need; `None`: the budget was closed.
    pub(crate) async fn reserve(&self) -> Option<BytePermit> {
        self.0.clone().acquire_many_owned(RESERVED_KIB).await.ok().map(BytePermit)
    }
}

impl Default for ByteBudget {
    /// 64 MiB.
    fn default() -> Self {
        Self::new(64 << 20)
    }
}

impl BytePermit {
    /// Keeps what `bytes` need. A larger page takes more only if it is there: waiting while holding could stop everyone.
    pub(crate) fn fit(&mut self, bytes: usize) {
        let held = self.0.num_permits();
        let needed = bytes.div_ceil(KIB);
        if needed < held {
            drop(self.0.split(held - needed));
        } else if let Ok(more) = u32::try_from(needed - held)
            && let Ok(more) = self.0.semaphore().clone().try_acquire_many_owned(more)
        {
            self.0.merge(more);
        }
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.num_permits() * KIB
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_page_holds_what_it_needs_until_it_is_dropped() {
        let budget = ByteBudget::new(2 << 20);
        let mut small = budget.reserve().await.unwrap();
        small.fit(1500);
        assert_eq!((small.bytes(), budget.available()), (2048, (2 << 20) - 2048));
        let mut large = budget.reserve().await.unwrap();
        large.fit(1_500_000);
        assert_eq!(large.bytes(), 1465 * 1024);
        drop((small, large));
        assert_eq!(budget.available(), 2 << 20);
    }

    #[tokio::test]
    async fn fs_51_nothing_is_reserved_beyond_the_budget() {
        let budget = ByteBudget::new(1);
        let first = budget.reserve().await.unwrap();
        let mut waiting = Box::pin(budget.reserve());
        tokio::select! { biased; _ = &mut waiting => panic!("beyond the budget"), () = std::future::ready(()) => {} }
        drop(first);
        assert!(waiting.await.is_some());
    }
}
