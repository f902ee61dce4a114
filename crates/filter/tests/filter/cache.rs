//! What is kept of compiled filters.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use sealog_filter::{FilterError, FilterOptions, Host};
use sealog_record::Timestamp;

use crate::guest::guest;
use crate::judging::compiler;

#[test]
fn a_cached_filter_is_not_compiled_again_and_a_damaged_one_is() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("filters");
    let component = guest().component();
    let load = |compiler: &str| {
        let host = Host::builder().cache(&directory).compiler(compiler, Vec::new()).build()?;
        host.load(&component, FilterOptions::default())
    };
    let good = compiler();
    let good = good.to_str().unwrap();
    load(good).unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    let file = std::fs::read_dir(&directory).unwrap().next().unwrap().unwrap().path();
    assert_eq!(mode(&file), 0o600);
    // Without a compiler that works it can only come from the cache.
    load("/bin/false").unwrap();
    let whole = std::fs::read(&file).unwrap();
    for length in (0..whole.len()).step_by(whole.len() / 50) {
        std::fs::write(&file, &whole[..length]).unwrap();
        assert!(matches!(load("/bin/false"), Err(FilterError::Compile { .. })), "{length}");
    }
    let mut bent = whole.clone();
    let middle = bent.len() / 2;
    bent[middle] ^= 1;
    std::fs::write(&file, &bent).unwrap();
    assert!(matches!(load("/bin/false"), Err(FilterError::Compile { .. })));
    load(good).unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), whole);

    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = load(good).unwrap_err();
    assert!(matches!(error, FilterError::Cache { .. }) && error.to_string().contains("chmod"), "{error}");
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(load(good), Err(FilterError::Cache { .. })));
}

#[test]
fn what_nobody_used_for_thirty_days_leaves_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let now_ms = 1_795_342_530_000;
    let at = |days: u64| SystemTime::UNIX_EPOCH + Duration::from_millis(now_ms - days * 86_400_000);
    let load = |component: &[u8]| {
        let now = Timestamp::from_millis(now_ms as i64);
        let host = Host::builder().cache(folder.path()).now(now).build().unwrap();
        host.load(component, FilterOptions::default()).unwrap();
    };
    let file = |name: &str| folder.path().join(name);
    let put = |name: &str, days: u64| {
        File::create(file(name)).unwrap().set_modified(at(days)).unwrap();
    };
    let compiled = || {
        let files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
        files.filter(|file| file.extension().is_some_and(|kind| kind == "cwasm")).collect::<Vec<_>>()
    };
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let component = guest().component();
    load(&component);
    let [used] = &compiled()[..] else { panic!("{:?}", compiled()) };
    assert_eq!(std::fs::metadata(used).unwrap().modified().unwrap(), at(0));

    // What is used now stays, however long it was not.
    File::open(used).unwrap().set_modified(at(400)).unwrap();
    put("old.cwasm", 31);
    put("old.draft-1-2", 31);
    put("young.cwasm", 29);
    put("not-ours.txt", 400);
    load(&component);
    let left = ["old.cwasm", "old.draft-1-2", "young.cwasm", "not-ours.txt"].map(|name| file(name).exists());
    assert_eq!((used.exists(), left), (true, [false, false, true, true]));
    assert_eq!(std::fs::metadata(used).unwrap().modified().unwrap(), at(0));

    // Nothing grows old without the time.
    put("old.cwasm", 31);
    let host = Host::builder().cache(folder.path()).build().unwrap();
    host.load(&component, FilterOptions::default()).unwrap();
    assert!(file("old.cwasm").exists());
    // What cannot be removed fails no load.
    std::fs::remove_file(file("old.cwasm")).unwrap();
    std::fs::create_dir(file("old.cwasm")).unwrap();
    File::open(file("old.cwasm")).unwrap().set_modified(at(31)).unwrap();
    load(&component);
}
