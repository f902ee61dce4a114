//! The endpoint over a socket, of a run that has not begun to read.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sealog_pipeline::Progress;
use sealog_signals::{Emf, Endpoint, Watch, WatchedTable, Watching, catalog, fetch};
use sealog_source::{Alarm, ByteBudget, SystemClock};
use sealog_store::{Memory, Store};
use tokio_util::sync::CancellationToken;

fn watch(store: Arc<dyn Store>, progress: &Arc<Progress>, stopping: &CancellationToken) -> Watch {
    let table = |name: &str| WatchedTable {
        table: name.to_owned(),
        log: format!("{name}-log"),
        progress: Arc::clone(progress),
    };
    Watch::new(Watching {
        tables: vec![table("a\"b"), table("orders")],
        heartbeat: Duration::from_secs(3600),
        loss_clock_min: Duration::from_secs(6 * 3600),
        pages: ByteBudget::default(),
        clock: Arc::new(SystemClock),
        store,
        stopping: stopping.clone(),
    })
}

#[tokio::test]
async fn each_path_answers_and_a_run_that_has_not_begun_is_not_ready() {
    let watch = Arc::new(watch(Arc::new(Memory::default()), &Arc::default(), &CancellationToken::new()));
    let endpoint = Endpoint::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = endpoint.address().unwrap().to_string();
    let asked = async {
        let metrics = fetch(&address, "/metrics").await.unwrap();
        assert!(String::from_utf8(metrics.to_vec()).unwrap().lines().count() > 100);
        assert_eq!(fetch(&format!("http://{address}/"), "/livez").await.unwrap(), "ok\n");
        let status: serde_json::Value =
            serde_json::from_slice(&fetch(&address, "/status").await.unwrap()).unwrap();
        assert_eq!((&status["ready"], &status["tables"][1]["log"]), (&false.into(), &"orders-log".into()));
        let error = fetch(&address, "/readyz").await.unwrap_err().to_string();
        assert!(error.contains("503"), "{error}");
        assert!(fetch(&address, "/").await.unwrap_err().to_string().contains("404"));
    };
    tokio::select! {
        biased;
        () = endpoint.serve(Arc::clone(&watch)) => unreachable!("it never ends"),
        () = asked => {}
    }
    assert!(watch.reasons().iter().all(|reason| reason.contains("has not begun")), "{:?}", watch.reasons());
}

#[tokio::test]
async fn alarms_and_a_stop_are_reasons() {
    let (progress, stopping) = (Arc::<Progress>::default(), CancellationToken::new());
    let watch = watch(Arc::new(Memory::default()), &progress, &stopping);
    progress.health().raise(Alarm::Halted("a gap".to_owned()));
    stopping.cancel();
    let reasons = watch.reasons().join("\n");
    assert!(
        reasons.contains("it is stopping") && reasons.contains("table orders: it has stopped: a gap"),
        "{reasons}"
    );
    assert!(watch.metrics().contains(r#"sealog_alarm{table="orders",log="orders-log",kind="halted"} 1"#));
}

#[test]
fn what_is_exported_is_in_the_catalog_and_parses() {
    let watch = watch(Arc::new(Memory::default()), &Arc::default(), &CancellationToken::new());
    let known: BTreeSet<_> = catalog::ALL.iter().map(|metric| metric.name).collect();
    let page = watch.metrics();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        let base = base.filter(|base| known.contains(base)).unwrap_or(name);
        assert!(known.contains(base), "{line}");
        assert!(line.rsplit(' ').next().unwrap().parse::<f64>().is_ok(), "{line}");
    }
    assert!(page.contains(r#"sealog_commits_total{table="a\"b",log="a\"b-log"} 0"#), "{page}");
}

#[test]
fn cloudwatch_is_told_of_each_table_and_of_no_operation_that_nobody_asked() {
    let watch = watch(Arc::new(Memory::default()), &Arc::default(), &CancellationToken::new());
    let lines = Emf::default().lines(&watch);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line.contains("\"NotReady\":1")), "{lines:?}");
}
