//! Objects in memory: for benchmarks, simulation and tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use crate::object::{is_removable, never_removed};
use crate::{Created, Entry, Object, Replaced, Store, StoreError};

/// A store that forgets everything when it is dropped.
#[derive(Debug, Default)]
pub struct Memory {
    objects: Mutex<BTreeMap<String, Bytes>>,
}

impl Memory {
    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<String, Bytes>) -> T) -> T {
        act(&mut self.objects.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Store for Memory {
    async fn create(&self, key: &str, bytes: Bytes) -> Result<Created, StoreError> {
        Ok(self.with(|objects| {
            if objects.contains_key(key) {
                return Created::Exists;
            }
            objects.insert(key.to_owned(), bytes);
            Created::New { version_id: None }
        }))
    }

    async fn replace(&self, key: &str, bytes: Bytes, seen: Option<&Object>) -> Result<Replaced, StoreError> {
        Ok(self.with(|objects| {
            if objects.get(key) != seen.map(|seen| &seen.bytes) {
                return Replaced::Changed;
            }
            objects.insert(key.to_owned(), bytes.clone());
            Replaced::Done(Object::plain(bytes))
        }))
    }

    async fn read(&self, key: &str) -> Result<Option<Object>, StoreError> {
        Ok(self.with(|objects| objects.get(key).cloned().map(Object::plain)))
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Entry>, StoreError> {
        let wanted = |key: &str| key.starts_with(prefix) && after.is_none_or(|after| key > after);
        Ok(self.with(|objects| {
            let entry =
                |(key, bytes): (&String, &Bytes)| Entry { key: key.clone(), bytes: bytes.len() as u64 };
            objects.iter().filter(|(key, _)| wanted(key)).map(entry).collect()
        }))
    }

    async fn remove(&self, key: &str) -> Result<(), StoreError> {
        if !is_removable(key) {
            return Err(never_removed(key));
        }
        self.with(|objects| objects.remove(key));
        Ok(())
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        let first = |key: &String| key.split_once('/').map(|(folder, _)| folder.to_owned());
        Ok(self
            .with(|objects| objects.keys().filter_map(first).collect::<BTreeSet<_>>().into_iter().collect()))
    }

    fn describe(&self) -> String {
        "memory".to_owned()
    }
}
