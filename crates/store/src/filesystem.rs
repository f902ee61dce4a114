//! Which file systems an archive may be written on: those that move a name at once and keep what they flushed.

use std::io;
use std::path::Path;

/// Types whose names or flushes are another machine's business, or another program's (statfs(2), `linux/magic.h`).
#[cfg(target_os = "linux")]
const ELSEWHERE: &[(u64, &str)] = &[
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB 2"),
    (0x6573_5546, "FUSE"),
    (0x0102_1997, "9P"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
    (0x7375_7245, "Coda"),
    (0x0bd0_0bd0, "Lustre"),
];

/// Refuses a folder on a file system that cannot promise what [`crate::Directory`] does.
#[cfg(target_os = "linux")]
pub(crate) fn refuse_if_elsewhere(folder: &Path) -> io::Result<()> {
    let kind = rustix::fs::statfs(folder)?.f_type;
    match name_of(u64::try_from(kind & 0xffff_ffff).unwrap_or_default()) {
        None => Ok(()),
        Some(name) => Err(io::Error::new(io::ErrorKind::Unsupported, Elsewhere(name))),
    }
}

/// No such question elsewhere; its documentation says what a file system must promise.
#[cfg(not(target_os = "linux"))]
pub(crate) fn refuse_if_elsewhere(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(target_os = "linux")]
fn name_of(kind: u64) -> Option<&'static str> {
    ELSEWHERE.iter().find(|(known, _)| *known == kind).map(|(_, name)| *name)
}

/// Why an archive is not written there.
#[derive(Debug, thiserror::Error)]
#[error(
    "this is {0}, where two writers may both create one name, and what was flushed may be lost: not supported for writing"
)]
struct Elsewhere(&'static str);

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_and_local_ones_are_not_taken_for_them() {
        assert_eq!(name_of(0x6969), Some("NFS"));
        assert_eq!(name_of(0x6573_5546), Some("FUSE"));
        // ext4, xfs, btrfs, tmpfs, overlayfs, zfs.
        for local in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1] {
            assert_eq!(name_of(local), None, "{local:x}");
        }
        refuse_if_elsewhere(Path::new("/proc/self")).unwrap();
    }
}
