//! What the kernel says of this process; nothing where it has no `/proc`.

use std::path::Path;

/// Processor time and memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Usage {
    pub(crate) cpu_seconds: f64,
    pub(crate) resident_bytes: u64,
}

/// As of now.
pub(crate) fn usage() -> Option<Usage> {
    let read = |name: &str| std::fs::read_to_string(Path::new("/proc/self").join(name)).ok();
    let page = u64::try_from(rustix::param::page_size()).ok()?;
    let ticks = u32::try_from(rustix::param::clock_ticks_per_second()).ok()?;
    parse(&read("stat")?, &read("statm")?, page, ticks)
}

/// From the texts of `stat` and `statm` (proc(5)).
fn parse(stat: &str, statm: &str, page_bytes: u64, ticks_per_second: u32) -> Option<Usage> {
    // The name of the program, in brackets, may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    let used = f64::from(ticks()?) + f64::from(ticks()?);
    let resident: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(Usage {
        cpu_seconds: used / f64::from(ticks_per_second.max(1)),
        resident_bytes: resident.saturating_mul(page_bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_texts_are_read() {
        let stat = "42 (a) b) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 4 0 100 1 1";
        let found = parse(stat, "1000 25 3 1 0 5 0", 4096, 100);
        assert_eq!(found, Some(Usage { cpu_seconds: 2.0, resident_bytes: 102_400 }));
        assert_eq!(parse("", "", 4096, 100), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_uses_memory() {
        assert!(usage().unwrap().resident_bytes > 1 << 20);
    }
}
