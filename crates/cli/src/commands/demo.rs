//! `sealog demo`: the main job from end to end, without AWS.
//!
//! The simulator serves a bank's ledger over HTTP on loopback; the real client reads it, the real pipeline seals it, the
//! real verifier checks it. Nothing is shortened but the distance.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::StreamExt as _;
use sealog_filter::FilterDigest;
use sealog_lake::Compacted;
use sealog_pipeline::{Config, FilterTotals, Overrides, Totals};
use sealog_query::{Format, QueryError, Rendering, Session, SessionOptions};
use sealog_record::Timestamp;
use sealog_simulator::{Scenario, Server, Simulator};
use sealog_source::{AwsOptions, AwsStreamClient};
use sealog_store::{Location, Log};
use sealog_verify::{Outcome, Report, VerifyOptions};
use tokio_util::sync::CancellationToken;

use crate::args::DemoArgs;
use crate::commands::{compact, keys, lake, run, verify};
use crate::exit::{Exit, Failure};
use crate::print;

const TABLE: &str = "accounts";

/// Where the demo leaves what.
struct Places {
    archive: PathBuf,
    tampered: PathBuf,
    key: PathBuf,
    verifier: PathBuf,
    config: PathBuf,
    filter: PathBuf,
    secret: PathBuf,
}

/// The filter of the demo, as `plugins/demo` builds it.
const FILTER: &[u8] = include_bytes!("../../../../plugins/demo/ledger.wasm");

pub(crate) async fn run(args: &DemoArgs) -> Result<Exit, Failure> {
    let places = prepare(&args.out)?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", print::bold("Sealog demo: a bank's ledger, from the stream to the proof"))?;

    let key = keys::generate(&places.key, "sealog-demo")?;
    std::fs::write(&places.verifier, format!("{key}\n")).map_err(|error| denied(&places.verifier, &error))?;
    let config = configuration(&places)?;
    std::fs::write(&places.config, config).map_err(|error| denied(&places.config, &error))?;
    writeln!(out, "\n1. A signing key, kept outside the archive; auditors get its public half:\n   {key}")?;

    let simulator = Arc::new(
        Simulator::start(Scenario::ledger().map_err(Failure::unreachable)?).map_err(Failure::unreachable)?,
    );
    let server = Server::start(([127, 0, 0, 1], 0).into(), Arc::clone(&simulator)).await?;
    let written = simulator.engine().truth().count() as u64;
    writeln!(out, "\n2. DynamoDB Streams, simulated on http://{}: table {TABLE},", server.local_addr())?;
    writeln!(
        out,
        "   {} changes by payments, interest, KYC and fraud services, in shards that split and roll",
        print::count(written)
    )?;

    let config = Config::load(&places.config, &Overrides::default())?;
    let client =
        AwsStreamClient::load(&AwsOptions::simulator(&format!("http://{}", server.local_addr()))).await;
    let ran = run::archive(config.clone(), client, true, CancellationToken::new()).await?;
    server.stop().await;
    let Some((table, totals)) = ran.tables.into_iter().next() else {
        return Err(Failure::new(Exit::TryAgain, "interrupted; `sealog run` would go on where it stopped"));
    };
    table.result?;
    writeln!(out, "\n3. Sealed by the real client and pipeline into {}:", places.archive.display())?;
    writeln!(
        out,
        "   {} records, {} read, {} written, {} commits, {:.1} s",
        print::count(totals.committed),
        print::bytes(totals.bytes_in),
        print::bytes(totals.bytes_out),
        print::count(totals.commits),
        ran.seconds,
    )?;
    filtered(&mut out, &ran.filters)?;
    if totals.committed != written {
        return Err(Failure::new(
            Exit::Verdict(1),
            format!("{written} were written and {} sealed: report this", totals.committed),
        ));
    }

    sorted(&mut out, &config).await?;

    let options = VerifyOptions {
        now: Timestamp::from_millis(super::now_ms()),
        key: Some(key),
        ..VerifyOptions::default()
    };
    let clean = verify::check(&Location::Directory(places.archive.clone()), &options).await;
    writeln!(
        out,
        "\n5. Verified with the key: every byte, every record, every signature\n   {}",
        line(&clean)
    )?;

    let object = tamper(&places)?;
    let bad = verify::check(&Location::Directory(places.tampered.clone()), &options).await;
    writeln!(out, "\n6. One byte changed in a copy ({object}):\n   {}", line(&bad))?;
    for finding in bad.logs.iter().flat_map(|log| &log.findings).take(3) {
        writeln!(out, "   {}  {}", finding.code, finding.message)?;
    }
    summary(&mut out, &totals, ran.seconds, &clean)?;
    next_steps(&mut out, &places, &corrected(&config).await?)?;
    let as_told = clean.outcome == Outcome::Intact && bad.outcome == Outcome::Tampered;
    Ok(if as_told { Exit::Good } else { Exit::Verdict(1) })
}

const CONFIG: &str = r#"# Left by `sealog demo`. To go on archiving a real table, see README.md, "Your own table".
archive = "archive"

[signing]
key = "file:sealog.key"

[lake]

[[table]]
name = "accounts"
keys = ["account_id"]

[table.columns]
balance = "decimal(38,2)"
currency = "text"
status = "text"
"kyc.rating" = "text"
"limits.daily" = "decimal(18,0)"
"last_posting.amount" = "decimal(38,2) as posted"
expires_at = "timestamp"
"#;

/// The configuration that is left, with the filter beside it.
fn configuration(places: &Places) -> Result<String, Failure> {
    std::fs::write(&places.filter, FILTER).map_err(|error| denied(&places.filter, &error))?;
    keys::generate_redaction(&places.secret)?;
    let digest = FilterDigest::of(FILTER);
    let root = CONFIG.replacen("archive =", "redaction_secret = \"file:redaction.secret\"\narchive =", 1);
    Ok(format!(
        "{root}\n[[table.filter]]\ncomponent = \"ledger.wasm\"\nsha256 = \"{digest}\"\nenforce = true\n\
         config = {{ threshold = \"10000\" }}\n"
    ))
}

/// What became of the changes.
fn filtered(out: &mut impl Write, filters: &[(String, Vec<FilterTotals>)]) -> Result<(), Failure> {
    for FilterTotals { name, decisions, alerts, .. } in filters.iter().flat_map(|(_, filters)| filters) {
        writeln!(
            out,
            "   filter {name}: {} kept, {} dropped (a tombstone each), {} redacted, {} flagged, {} failed",
            print::count(decisions.keep),
            print::count(decisions.drop),
            print::count(decisions.redact),
            print::count(*alerts),
            print::count(decisions.fault),
        )?;
    }
    Ok(())
}

/// Copies for SQL, complete and sorted; `sealog run` does the same beside its work.
async fn sorted(out: &mut impl Write, config: &Config) -> Result<(), Failure> {
    let lake = config.lake.clone().unwrap_or_default();
    let store = config.archive.open(config.protection.s3(super::now_ms)).await?;
    for table in &config.tables {
        let log = Log::new(Arc::clone(&store), &table.log);
        lake::publish_log(&log, &table.columns, false).await?;
        let options = compact::options(&lake, table.columns.clone(), false);
        let (mut rows, mut files, mut bytes) = (0, 0, 0);
        compact::compact(&log, &[], &options, |_, done| {
            if let Compacted::Done { files: of, rows: more, bytes: size } = done {
                (rows, files, bytes) = (rows + more, files + of, bytes + size);
            }
            Ok(())
        })
        .await?;
        writeln!(
            out,
            "\n4. Copied into a lake that any SQL engine reads, sorted by item:\n   {} in {}, {}; typed columns {}",
            print::counted(rows, "row"),
            print::counted(files, "file"),
            print::bytes(bytes),
            table.columns.typed().iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", "),
        )?;
    }
    Ok(())
}

fn prepare(folder: &Path) -> Result<Places, Failure> {
    std::fs::create_dir_all(folder).map_err(|error| denied(folder, &error))?;
    let mut entries = std::fs::read_dir(folder).map_err(|error| denied(folder, &error))?;
    if entries.next().is_some() {
        return Err(Failure::usage(format!(
            "{} is not empty; name a new directory with --out",
            folder.display()
        )));
    }
    Ok(Places {
        archive: folder.join("archive"),
        tampered: folder.join("tampered"),
        key: folder.join("sealog.key"),
        verifier: folder.join("sealog.vkey"),
        config: folder.join("sealog.toml"),
        filter: folder.join("ledger.wasm"),
        secret: folder.join("redaction.secret"),
    })
}

fn denied(path: &Path, error: &std::io::Error) -> Failure {
    Failure::unreachable(format!(
        "{}: {error}; name a directory that can be written with --out",
        path.display()
    ))
}

fn line(report: &Report) -> String {
    let good = report.outcome == Outcome::Intact;
    print::verdict(&report.outcome.to_string(), good)
}

/// Copies the archive and changes one byte in the middle of its largest object. Returns the object's name.
fn tamper(places: &Places) -> Result<String, Failure> {
    copy(&places.archive, &places.tampered).map_err(|error| denied(&places.tampered, &error))?;
    let evidence = places.tampered.join(TABLE).join("evidence");
    let change = || -> std::io::Result<Option<String>> {
        let mut objects = std::fs::read_dir(&evidence)?.collect::<Result<Vec<_>, _>>()?;
        objects.sort_by_key(std::fs::DirEntry::file_name);
        let Some(object) = objects.first() else { return Ok(None) };
        let mut bytes = std::fs::read(object.path())?;
        let middle = bytes.len() / 2;
        if let Some(byte) = bytes.get_mut(middle) {
            *byte ^= 1;
        }
        std::fs::write(object.path(), bytes)?;
        Ok(Some(format!("evidence/{}, byte {middle}", object.file_name().to_string_lossy())))
    };
    change()
        .map_err(|error| denied(&evidence, &error))?
        .ok_or_else(|| Failure::unreachable("the archive holds no evidence"))
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target)?;
        } else {
            std::fs::copy(source, target)?;
        }
    }
    Ok(())
}

fn summary(out: &mut impl Write, totals: &Totals, seconds: f64, clean: &Report) -> Result<(), Failure> {
    writeln!(out, "\n{}", print::bold("Summary"))?;
    writeln!(
        out,
        "   records   {}, each once, in {}",
        print::count(totals.committed),
        print::counted(totals.commits, "commit")
    )?;
    writeln!(
        out,
        "   bytes     {} in, {} out",
        print::bytes(totals.bytes_in),
        print::bytes(totals.bytes_out)
    )?;
    writeln!(out, "   time      {seconds:.1} s from the first call to the last commit")?;
    writeln!(out, "   outcome   {}; of the copy with one byte changed: TAMPERED, and where", clean.outcome)?;
    Ok(())
}

/// The item that a person corrected: the one whose history tells most.
async fn corrected(config: &Config) -> Result<String, Failure> {
    let log = Log::new(config.archive.open_to_read().await, TABLE);
    let options = SessionOptions::at(Timestamp::from_millis(super::now_ms()));
    let session = Session::open(&[log], &options).await?;
    let sql = "SELECT pk FROM changes WHERE json_extract_scalar(new_image, '$.last_posting.M.corrects.S') IS NOT NULL";
    let mut rows = session.ask(sql, Some(1)).await?.rows;
    let mut answer = Vec::new();
    let mut rendering = Rendering::new(Format::Csv, rows.schema(), &mut answer).map_err(QueryError::from)?;
    while let Some(some) = rows.next().await {
        rendering.write(&some.map_err(QueryError::from)?).map_err(QueryError::from)?;
    }
    rendering.finish().map_err(QueryError::from)?;
    let text = String::from_utf8_lossy(&answer).lines().nth(1).map(str::to_owned);
    text.ok_or_else(|| Failure::unreachable("the lake of the demo holds no correction: report this"))
}

fn next_steps(out: &mut impl Write, places: &Places, item: &str) -> Result<(), Failure> {
    // As it was called, so that the lines can be copied whether or not it is in the PATH.
    let sealog = std::env::args().next().unwrap_or_else(|| "sealog".to_owned());
    let (archive, tampered) = (places.archive.display(), places.tampered.display());
    let (key, config) = (places.verifier.display(), places.config.display());
    let before = Timestamp::from_millis(super::now_ms() - 3_600_000);
    writeln!(out, "\n{}", print::bold("Try next"))?;
    writeln!(out, "   {sealog} verify {archive} --key {key}")?;
    writeln!(out, "   {sealog} verify {tampered} --key {key}")?;
    writeln!(out, "   {sealog} status {archive}")?;
    writeln!(out, "   {sealog} history {TABLE} --key {item} --config {config}")?;
    writeln!(out, "   {sealog} as-of {TABLE} --at {before} --key {item} --config {config}")?;
    writeln!(
        out,
        "   {sealog} query \"SELECT event_name, verdict, count(*) FROM changes GROUP BY 1, 2\" --config {config}"
    )?;
    writeln!(out, "   docs/queries.md: the questions that auditors ask")?;
    Ok(())
}
