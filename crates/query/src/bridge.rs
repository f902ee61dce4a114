//! `object_store`'s interface over a [`Store`]: one client, our credentials. It reads ranges of files that are known by name
//! and size; it lists and writes nothing.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt as _, StreamExt as _};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetRange, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use sealog_store::{Log, StoreError};

const NAME: &str = "archive";
/// Ranges that lie closer together are read by one request: about what a request costs in time.
const GAP_MAX: u64 = 64 << 10;

/// The files of some logs: `<place of the log>/<name within the log>`.
pub(crate) struct Archive {
    logs: Vec<Log>,
}

impl Archive {
    pub(crate) fn new(logs: Vec<Log>) -> Self {
        Self { logs }
    }

    /// Name of a file here, from that in the store.
    pub(crate) fn path(place: usize, log: &Log, key: &str) -> String {
        format!("{place}/{}", key.strip_prefix(&log.key("")).unwrap_or(key))
    }

    fn find(&self, location: &Path) -> Result<(&Log, String)> {
        let path: &str = location.as_ref();
        let (place, name) = path.split_once('/').ok_or_else(|| missing(path))?;
        let log = place.parse::<usize>().ok().and_then(|place| self.logs.get(place));
        let log = log.ok_or_else(|| missing(path))?;
        Ok((log, log.key(name)))
    }

    async fn size(&self, location: &Path) -> Result<u64> {
        let (log, key) = self.find(location)?;
        let stat = log.store().stat(&key).await.map_err(failed)?;
        Ok(stat.ok_or_else(|| missing(&key))?.bytes)
    }

    async fn read(&self, location: &Path, range: Range<u64>) -> Result<Bytes> {
        let (log, key) = self.find(location)?;
        let bytes = log.store().read_range(&key, range).await.map_err(failed)?;
        bytes.ok_or_else(|| missing(&key))
    }
}

fn failed(error: StoreError) -> Error {
    Error::Generic { store: NAME, source: Box::new(error) }
}

fn missing(key: &str) -> Error {
    let advice =
        "it was there when the question was begun; ask again, and raise [lake] grace if it happens again";
    Error::NotFound { path: key.to_owned(), source: advice.into() }
}

fn refused() -> Error {
    Error::NotSupported { source: "a query reads files that are known to it, and nothing else".into() }
}

#[async_trait]
impl ObjectStore for Archive {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let range = match options.range.filter(|_| !options.head) {
            Some(GetRange::Bounded(range)) => range,
            Some(GetRange::Offset(start)) => start..self.size(location).await?.max(start),
            Some(GetRange::Suffix(length)) => {
                let size = self.size(location).await?;
                size.saturating_sub(length)..size
            }
            None => 0..self.size(location).await?,
        };
        let bytes = if options.head { Bytes::new() } else { self.read(location, range.clone()).await? };
        let end = if options.head { range.end } else { range.start + bytes.len() as u64 };
        Ok(GetResult {
            meta: ObjectMeta {
                location: location.clone(),
                last_modified: Default::default(),
                size: end,
                e_tag: None,
                version: None,
            },
            range: range.start..end,
            payload: GetResultPayload::Stream(stream::once(std::future::ready(Ok(bytes))).boxed()),
            attributes: Default::default(),
        })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        object_store::coalesce_ranges(ranges, |range| self.read(location, range), GAP_MAX).await
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(refused())
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(refused())
    }

    fn delete_stream(&self, _: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        async { Err(refused()) }.into_stream().boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        async { Err(refused()) }.into_stream().boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(refused())
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(refused())
    }
}

impl fmt::Display for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.logs.iter().map(Log::name).collect();
        f.debug_tuple("Archive").field(&names).finish()
    }
}

/// The archive as DataFusion takes it.
pub(crate) fn shared(logs: Vec<Log>) -> Arc<dyn ObjectStore> {
    Arc::new(Archive::new(logs))
}
