//! Bodies that arrive whole, in drips, or not to the end.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use crate::reply::Delivery;

/// Between the last byte of a cut body and the end of its connection: lets the bytes go out first.
const CUT_PAUSE_MS: u64 = 2;

pub(super) struct ReplyBody {
    rest: Bytes,
    announced: u64,
    cut: bool,
    piece: usize,
    pause_ms: u64,
    pause: Option<Pin<Box<Sleep>>>,
}

impl ReplyBody {
    pub(super) fn new(body: Bytes, delivery: Delivery) -> Self {
        let announced = u64::try_from(body.len()).unwrap_or(u64::MAX);
        let whole = Self { rest: body, announced, cut: false, piece: usize::MAX, pause_ms: 0, pause: None };
        match delivery {
            Delivery::Whole | Delivery::Reset => whole,
            Delivery::Truncated { bytes } => {
                // At least one byte is missing, or nobody would notice.
                let keep = bytes.min(whole.rest.len().saturating_sub(1));
                // Pending once makes hyper flush: here the head, later the bytes that shall arrive.
                let pause = Some(Box::pin(wait(CUT_PAUSE_MS)));
                Self { rest: whole.rest.slice(..keep), cut: true, pause_ms: CUT_PAUSE_MS, pause, ..whole }
            }
            Delivery::Drip { bytes, pause_ms } => Self { piece: bytes.max(1), pause_ms, ..whole },
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        if self.rest.is_empty() {
            return Poll::Ready(self.cut.then(|| Err(io::Error::other("cut by the scenario"))));
        }
        let piece = self.piece.min(self.rest.len());
        let data = self.rest.split_to(piece);
        if self.pause_ms > 0 {
            self.pause = Some(Box::pin(wait(self.pause_ms)));
        }
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && !self.cut
    }

    fn size_hint(&self) -> SizeHint {
        let left = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        SizeHint::with_exact(if self.cut { self.announced } else { left })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a delay on the wire is what the scenario asked for; nothing waits to be right"
)]
pub(super) fn wait(ms: u64) -> Sleep {
    tokio::time::sleep(std::time::Duration::from_millis(ms))
}
