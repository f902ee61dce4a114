//! What S3 says of an object without sending it.

use aws_sdk_s3::types::{ChecksumMode, ChecksumType};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealog_chain::Hash;

use super::S3;
use super::answer::Failure;
use crate::{Stat, StoreError};

impl S3 {
    /// The checksum is the one that S3 computed from the bytes it took, and stored (user guide, "Checking object
    /// integrity"). One over the checksums of parts is not that of the object, and is passed over.
    pub(super) async fn head(&self, key: &str) -> Result<Option<Stat>, StoreError> {
        let request = self.client.head_object().bucket(&self.bucket).key(self.name(key));
        let reply = match request.checksum_mode(ChecksumMode::Enabled).send().await {
            Ok(reply) => reply,
            Err(error) => {
                let failure = Failure::of(&error);
                return if failure.is_absent() { Ok(None) } else { Err(self.error("read", key, &failure)) };
            }
        };
        let bytes = reply.content_length.and_then(|length| u64::try_from(length).ok()).unwrap_or(0);
        let whole = reply.checksum_type != Some(ChecksumType::Composite);
        let stored = reply.checksum_sha256.filter(|_| whole).and_then(|text| STANDARD.decode(text).ok());
        Ok(Some(Stat { bytes, sha256: stored.and_then(|bytes| bytes.try_into().ok()).map(Hash) }))
    }
}
