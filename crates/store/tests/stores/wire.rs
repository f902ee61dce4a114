//! S3 behind a network and a service that fail, each outcome told apart: ours, somebody else's, conflict, unknown,
//! forbidden, gone. The real servers do the work; what they never answer is scripted.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use sealog_chain::CHECKPOINT_KEY;
use sealog_store::{Encryption, Log, S3, S3Options, Settled, Store, StoreErrorKind};

use crate::log::head;
use crate::proxy::{Fault, Line, Proxy, Toxic};
use crate::subject::{Server, bytes, client, governance, setting};

const SERVERS: [(&str, &str); 2] = [("versitygw", "SEALOG_TEST_VERSITYGW"), ("minio", "SEALOG_TEST_MINIO")];
const PUT: &str = "PUT";
const GET: &str = "GET";
const COMMIT: &str = "/commits/00000000000000000007.json";

/// Longer than a loaded machine needs for anything.
const PATIENT: Duration = Duration::from_secs(30);
/// For what is to be given up.
const IMPATIENT: Duration = Duration::from_secs(2);

/// The log behind a scripted proxy, before each server; `attempts` is what the SDK may do at one call.
async fn scripted<F: Future<Output = ()>>(
    name: &str,
    script: &[Line],
    attempts: u32,
    check: impl Fn(Log, Arc<Proxy>) -> F,
) {
    scripted_within(PATIENT, name, script, attempts, check).await;
}

async fn scripted_within<F: Future<Output = ()>>(
    attempt_max: Duration,
    name: &str,
    script: &[Line],
    attempts: u32,
    check: impl Fn(Log, Arc<Proxy>) -> F,
) {
    for (server, variable) in SERVERS {
        let proxy = Arc::new(Proxy::start(&setting(variable), script).await);
        let store = store(&proxy.endpoint, name, attempts, attempt_max);
        check(Log::new(Arc::new(store), "wire"), Arc::clone(&proxy)).await;
        assert!(proxy.is_through(), "{name} on {server}: the fault did not take place: {:?}", proxy.seen());
    }
}

fn store(endpoint: &str, name: &str, attempts: u32, attempt_max: Duration) -> S3 {
    let retries =
        RetryConfig::standard().with_max_attempts(attempts).with_initial_backoff(Duration::from_millis(1));
    let short =
        TimeoutConfig::builder().connect_timeout(attempt_max).operation_attempt_timeout(attempt_max).build();
    let client = client(endpoint, retries);
    let config = client.config().to_builder().timeout_config(short).build();
    let prefix = format!("wire-{name}-{}", std::process::id());
    S3::with_client(
        aws_sdk_s3::Client::from_conf(config),
        &setting("SEALOG_TEST_S3"),
        &prefix,
        S3Options::default(),
    )
}

fn kind(settled: &Settled) -> Option<StoreErrorKind> {
    match settled {
        Settled::Undecided(error) => Some(error.kind),
        Settled::Ours { .. } | Settled::Theirs(_) => None,
    }
}

async fn ours(log: &Log) {
    let settled = log.put_commit(7, bytes("ours")).await;
    assert!(matches!(settled, Settled::Ours { .. }), "{settled:?}");
}

/// A write that fails in this way leaves nothing and says how; the same bytes again are ours.
async fn fails(name: &str, fault: Fault, expected: StoreErrorKind) {
    scripted(name, &[(PUT, COMMIT, fault)], 1, |log, _| async move {
        let settled = log.put_commit(7, bytes("ours")).await;
        assert_eq!(kind(&settled), Some(expected), "{name}: {settled:?}");
        ours(&log).await;
    })
    .await;
}

/// A write that took effect and was answered in this way is found to be ours.
async fn is_found(name: &str, fault: Fault, attempts: u32) {
    scripted(name, &[(PUT, COMMIT, fault)], attempts, |log, _| async move { ours(&log).await }).await;
}

#[tokio::test]
async fn conflicts_are_tried_again() {
    fails("conflict", Fault::Answer(409, "ConditionalRequestConflict"), StoreErrorKind::Conflict).await;
}

#[tokio::test]
async fn what_never_arrived_is_unknown_and_then_ours() {
    fails("reset-before", Fault::ResetBefore, StoreErrorKind::Unknown).await;
    fails("slow-down", Fault::Answer(503, "SlowDown"), StoreErrorKind::Unknown).await;
    fails("internal", Fault::Answer(500, "InternalError"), StoreErrorKind::Unknown).await;
}

#[tokio::test]
async fn a_lost_reply_is_found_to_be_ours() {
    is_found("reset-after", Fault::ResetAfter, 1).await;
    is_found("500-after", Fault::AnswerAfter(500, "InternalError"), 1).await;
    is_found("503-after", Fault::AnswerAfter(503, "SlowDown"), 1).await;
    is_found("409-after", Fault::AnswerAfter(409, "ConditionalRequestConflict"), 1).await;
    // The SDK's second attempt meets the first one's object.
    is_found("reset-after-again", Fault::ResetAfter, 3).await;
    is_found("500-after-again", Fault::AnswerAfter(500, "InternalError"), 3).await;
}

#[tokio::test]
async fn throttling_is_waited_out_within_the_call() {
    let slow = Fault::Answer(503, "SlowDown");
    scripted("throttled", &[(PUT, COMMIT, slow), (PUT, COMMIT, slow)], 4, |log, proxy| async move {
        ours(&log).await;
        assert_eq!(proxy.seen().len(), 3, "{:?}", proxy.seen());
    })
    .await;
}

#[tokio::test]
async fn attempts_have_an_end() {
    let slow = (PUT, COMMIT, Fault::Answer(503, "SlowDown"));
    scripted("capped", &[slow; 4], 4, |log, proxy| async move {
        let settled = log.put_commit(7, bytes("ours")).await;
        assert_eq!(kind(&settled), Some(StoreErrorKind::Unknown), "{settled:?}");
        let puts = proxy.seen().iter().filter(|request| request.starts_with(PUT)).count();
        assert_eq!(puts, 4, "{:?}", proxy.seen());
    })
    .await;
}

#[tokio::test]
async fn what_a_person_must_mend_is_told_apart() {
    for (name, status, code, expected) in [
        ("denied", 403, "AccessDenied", StoreErrorKind::Forbidden),
        ("expired", 400, "ExpiredToken", StoreErrorKind::NoCredentials),
        ("no-bucket", 404, "NoSuchBucket", StoreErrorKind::Gone),
        ("elsewhere", 301, "PermanentRedirect", StoreErrorKind::Gone),
        ("refused", 400, "InvalidRequest", StoreErrorKind::Invalid),
    ] {
        fails(name, Fault::Answer(status, code), expected).await;
    }
}

/// The winner's commit is there, and our own reply said 409 or nothing: still the bytes decide.
#[tokio::test]
async fn somebody_elses_is_theirs_however_it_was_answered() {
    for (name, fault) in [
        ("theirs-409", Fault::Answer(409, "ConditionalRequestConflict")),
        ("theirs-reset", Fault::ResetBefore),
        ("theirs-500", Fault::AnswerAfter(500, "InternalError")),
    ] {
        scripted(name, &[(PUT, "/commits/00000000000000000008.json", fault)], 1, |log, _| async move {
            let other = Log::new(Arc::clone(log.store()), "wire");
            other.put_evidence(&sealog_chain::sha256(b"rows"), bytes("rows")).await.unwrap();
            log.store()
                .replace("wire/commits/00000000000000000007.json", bytes("theirs"), None)
                .await
                .unwrap();
            let settled = log.put_commit(7, bytes("ours")).await;
            assert!(
                matches!(&settled, Settled::Theirs(object) if object.bytes == bytes("theirs")),
                "{settled:?}"
            );
            let nobodys = log.put_commit(8, bytes("ours")).await;
            assert_eq!(
                kind(&nobodys).is_some(),
                !matches!(fault, Fault::AnswerAfter(..)),
                "{name}: {nobodys:?}"
            );
        })
        .await;
    }
}

#[tokio::test]
async fn a_reply_that_is_cut_or_bent_is_never_taken_for_the_object() {
    for (name, fault) in [("cut", Fault::Cut(3)), ("cut-at-once", Fault::Cut(0)), ("bent", Fault::Bend)] {
        scripted(name, &[(GET, COMMIT, fault)], 1, |log, _| async move {
            ours(&log).await;
            let key = log.key("commits/00000000000000000007.json");
            let broken = log.store().read(&key).await;
            let error = broken.expect_err(name);
            assert_eq!(error.kind, StoreErrorKind::Unknown, "{error}");
            let whole = log.store().read(&key).await.unwrap().unwrap();
            assert_eq!(whole.bytes, bytes("ours"));
        })
        .await;
    }
}

#[tokio::test]
async fn slow_is_not_broken() {
    for (name, fault) in [("late", Fault::Late(700)), ("drip", Fault::Drip(30))] {
        scripted(name, &[(GET, COMMIT, fault)], 1, |log, _| async move {
            ours(&log).await;
            let there = log.store().read(&log.key("commits/00000000000000000007.json")).await.unwrap();
            assert_eq!(there.unwrap().bytes, bytes("ours"), "{name}");
        })
        .await;
    }
}

/// Slower than an attempt may take: given up, and nothing is made of what came.
#[tokio::test]
async fn too_slow_is_unknown() {
    for (name, fault) in [("too-late", Fault::Late(4000)), ("too-slow", Fault::Drip(2000))] {
        scripted_within(IMPATIENT, name, &[(GET, COMMIT, fault)], 1, |log, _| async move {
            ours(&log).await;
            let outcome = log.store().read(&log.key("commits/00000000000000000007.json")).await;
            assert_eq!(outcome.expect_err(name).kind, StoreErrorKind::Unknown);
        })
        .await;
    }
}

/// A head whose reply was lost is moved by the next one all the same.
#[tokio::test]
async fn a_head_moves_on_after_a_lost_reply() {
    for (name, fault) in [
        ("head-lost", Fault::ResetAfter),
        ("head-500", Fault::AnswerAfter(500, "InternalError")),
        ("head-never", Fault::ResetBefore),
        ("head-409", Fault::Answer(409, "ConditionalRequestConflict")),
    ] {
        // Not the kept copies: their names go on.
        let at_head = "/checkpoint?";
        scripted(name, &[(PUT, at_head, fault)], 1, |log, _| async move {
            let mut newest = None;
            assert!(log.publish(&head(1), &mut newest).await.is_err());
            log.publish(&head(1), &mut newest).await.unwrap();
            log.publish(&head(2), &mut newest).await.unwrap();
            let there = log.read(CHECKPOINT_KEY).await.unwrap().unwrap();
            assert_eq!(there.bytes, head(2).render());
        })
        .await;
    }
}

#[tokio::test]
async fn a_refused_permission_names_action_resource_and_statement() {
    let script = [
        (PUT, "commits", Fault::Answer(403, "AccessDenied")),
        (GET, "checkpoint", Fault::Answer(403, "AccessDenied")),
        (GET, "list-type", Fault::Answer(403, "AccessDenied")),
        (GET, "versions", Fault::Answer(403, "AccessDenied")),
        (GET, "versioning", Fault::Answer(403, "AccessDenied")),
    ];
    let proxy = Proxy::start(&setting("SEALOG_TEST_MINIO"), &script).await;
    let server = Server::at(&proxy.endpoint, "wire-permission");
    let kms = Encryption::Kms { key: None, bucket_key: true };
    let store = server.store(S3Options { encryption: kms, ..governance(1) });
    let objects = format!("arn:aws:s3:::{}/{}/*", server.bucket, server.prefix);
    let bucket = format!("arn:aws:s3:::{}", server.bucket);
    let statement = |action: &str, resource: &str| {
        format!(r#"{{"Effect":"Allow","Action":[{action}],"Resource":"{resource}"}}"#)
    };
    let error = store.create("l/commits/1", bytes("x")).await.unwrap_err().to_string();
    let put = statement(r#""s3:PutObject","s3:PutObjectRetention""#, &objects);
    assert!(error.contains(&put) && error.contains("kms:GenerateDataKey"), "{error}");
    let error = store.read("l/checkpoint").await.unwrap_err().to_string();
    assert!(error.contains(&statement(r#""s3:GetObject""#, &objects)), "{error}");
    for (error, action) in [
        (store.list("l/", None).await.unwrap_err(), r#""s3:ListBucket""#),
        (store.versions("l/").await.unwrap_err(), r#""s3:ListBucketVersions""#),
        (store.versioning().await.unwrap_err(), r#""s3:GetBucketVersioning""#),
    ] {
        assert_eq!(error.kind, StoreErrorKind::Forbidden);
        assert!(error.to_string().contains(&statement(action, &bucket)), "{error}");
    }
    assert!(proxy.is_through(), "{:?}", proxy.seen());
}

/// The network kind, by toxiproxy: done without a reply, reset, cut off, slow.
#[tokio::test]
async fn a_bad_network_loses_nothing() {
    for (server, variable) in SERVERS {
        for (name, toxic, unclear) in [
            (
                "no-reply",
                r#"{"name":"t","type":"timeout","stream":"downstream","attributes":{"timeout":0}}"#,
                true,
            ),
            (
                "reset-peer",
                r#"{"name":"t","type":"reset_peer","stream":"downstream","attributes":{"timeout":0}}"#,
                true,
            ),
            (
                "limit-data",
                r#"{"name":"t","type":"limit_data","stream":"downstream","attributes":{"bytes":10}}"#,
                true,
            ),
            (
                "latency",
                r#"{"name":"t","type":"latency","stream":"downstream","attributes":{"latency":150}}"#,
                false,
            ),
            (
                "slicer",
                r#"{"name":"t","type":"slicer","stream":"upstream","attributes":{"average_size":20,"delay":2000}}"#,
                false,
            ),
        ] {
            let network = Toxic::start(&format!("{server}-{name}"), &setting(variable)).await;
            let log =
                |attempt_max| Log::new(Arc::new(store(&network.endpoint, name, 1, attempt_max)), "toxic");
            let attempt_max = if unclear { IMPATIENT } else { PATIENT };
            network.poison(toxic).await;
            let settled = log(attempt_max).put_commit(7, bytes("ours")).await;
            assert_eq!(kind(&settled).is_some(), unclear, "{name} on {server}: {settled:?}");
            network.cure("t").await;
            let log = log(PATIENT);
            ours(&log).await;
            let theirs = log.put_commit(7, bytes("late")).await;
            assert!(matches!(theirs, Settled::Theirs(_)), "{name} on {server}: {theirs:?}");
        }
    }
}
