//! The bucket policy of an archive: what is created once is neither deleted nor written over, by nobody.
//!
//! Object Lock keeps versions; this keeps names. Without it a delete marker can be put over a commit, and a create-only
//! write succeeds over that. `s3:if-none-match` is a condition key of AWS that other servers do not know.

use super::S3;

/// Names of our statements.
const NO_DELETE: &str = "SealogNoDelete";
const CREATE_ONLY: &str = "SealogCreateOnly";

impl S3 {
    /// The policy as a JSON document.
    #[must_use]
    pub fn policy(&self) -> String {
        let (once, any) = (self.once(), self.anything());
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"{NO_DELETE}","Effect":"Deny","Principal":"*","Action":["s3:DeleteObject","s3:DeleteObjectVersion"],"Resource":{once}}},{{"Sid":"{CREATE_ONLY}","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":{once},"Condition":{{"Null":{{"s3:if-none-match":"true"}}}}}},{{"Sid":"SealogNoBypass","Effect":"Deny","Principal":"*","Action":"s3:BypassGovernanceRetention","Resource":"{any}"}}]}}"#
        )
    }

    /// Resources of names that are created once, as a JSON array.
    fn once(&self) -> String {
        let root = self.arn_of_prefix();
        let of = |folder: &str| format!("\"{root}/*/{folder}/*\"");
        format!("[{},{},{}]", of("commits"), of("evidence"), of("checkpoints"))
    }

    fn anything(&self) -> String {
        format!("{}/*", self.arn_of_prefix())
    }
}

/// Our statements that a bucket's policy lacks, by name. What else it holds is its owner's business.
pub(super) fn lacks(policy: &str) -> Vec<&'static str> {
    [NO_DELETE, CREATE_ONLY].into_iter().filter(|sid| !policy.contains(&format!("\"{sid}\""))).collect()
}
