//! Versions of objects, and the marks of their deletion.

use aws_sdk_s3::types::BucketVersioningStatus;

use super::S3;
use super::answer::Failure;
use crate::{StoreError, Version, Versioning};

impl S3 {
    pub(super) async fn bucket_versioning(&self) -> Result<Versioning, StoreError> {
        let reply = self.client.get_bucket_versioning().bucket(&self.bucket).send().await;
        let reply = reply.map_err(|error| self.error("read versioning", "", &Failure::of(&error)))?;
        Ok(match reply.status {
            None => Versioning::Never,
            Some(BucketVersioningStatus::Enabled) => Versioning::Enabled,
            // What is not known to keep versions is not taken to.
            Some(_) => Versioning::Suspended,
        })
    }

    pub(super) async fn list_versions(&self, prefix: &str) -> Result<Vec<Version>, StoreError> {
        let mut found = Vec::new();
        let (mut key_marker, mut version_marker) = (None, None);
        loop {
            let request = self.client.list_object_versions().bucket(&self.bucket).prefix(self.name(prefix));
            let request =
                request.set_key_marker(key_marker.take()).set_version_id_marker(version_marker.take());
            let page = request
                .send()
                .await
                .map_err(|error| self.error("list versions", prefix, &Failure::of(&error)))?;
            for version in page.versions.unwrap_or_default() {
                found.extend(self.version(version.key, version.version_id, false, version.is_latest));
            }
            for marker in page.delete_markers.unwrap_or_default() {
                found.extend(self.version(marker.key, marker.version_id, true, marker.is_latest));
            }
            (key_marker, version_marker) = (page.next_key_marker, page.next_version_id_marker);
            if page.is_truncated != Some(true) || key_marker.is_none() {
                break;
            }
        }
        found.sort();
        // A server may state a row again where a page begins.
        found.dedup();
        Ok(found)
    }

    fn version(
        &self,
        key: Option<String>,
        version_id: Option<String>,
        is_marker: bool,
        is_latest: Option<bool>,
    ) -> Option<Version> {
        Some(Version {
            key: self.relative(&key?)?,
            version_id: version_id?,
            is_marker,
            is_latest: is_latest.unwrap_or(false),
        })
    }
}
