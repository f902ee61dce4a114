//! When a batch is due.

/// A batch is sealed at the first bound it reaches.
///
/// Larger batches cost less per record down to 10,000 rows; smaller ones land sooner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealRule {
    /// Most rows.
    pub rows_max: usize,
    /// Most bytes of images and envelope, before compression.
    pub bytes_max: usize,
    /// Longest time that a record waits in an open batch, in milliseconds: the bound on how long a change stays unproved.
    pub age_max_ms: u64,
}

impl Default for SealRule {
    fn default() -> Self {
        Self { rows_max: 10_000, bytes_max: 64 * 1024 * 1024, age_max_ms: 5_000 }
    }
}

impl SealRule {
    /// Whether a batch of so many rows and bytes, whose oldest row has waited so long, is due. An empty one never is.
    #[must_use]
    pub fn is_due(&self, rows: usize, bytes: usize, age_ms: u64) -> bool {
        rows > 0 && (rows >= self.rows_max || bytes >= self.bytes_max || age_ms >= self.age_max_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_alone_seals_and_an_empty_batch_never_does() {
        let rule = SealRule { rows_max: 10, bytes_max: 100, age_max_ms: 1000 };
        assert!(!rule.is_due(9, 99, 999));
        assert!(rule.is_due(10, 0, 0));
        assert!(rule.is_due(1, 100, 0));
        assert!(rule.is_due(1, 0, 1000));
        assert!(!rule.is_due(0, 100, 1000));
    }
}
