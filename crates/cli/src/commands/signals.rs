//! `sealog signals list`: what rules, dashboards and documents are checked against.

use std::io::Write as _;

use clap::{Args, Subcommand};
use sealog_signals::alarms::Alarm;
use sealog_signals::{NAMESPACE, alarms, catalog};
use serde_json::{Value, json};

use crate::args::Format;
use crate::exit::{Exit, Failure};

#[derive(Debug, Args)]
pub(crate) struct SignalsArgs {
    #[command(subcommand)]
    command: SignalsCommand,
}

#[derive(Debug, Subcommand)]
enum SignalsCommand {
    /// Every metric, and every alarm with its threshold
    List {
        /// How it looks
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
}

pub(crate) fn run(args: &SignalsArgs) -> Result<Exit, Failure> {
    let SignalsCommand::List { format } = &args.command;
    let mut out = std::io::stdout().lock();
    match format {
        Format::Json => writeln!(out, "{:#}", as_json())?,
        Format::Table => {
            for metric in catalog::ALL {
                let labels = metric.labels.join(",");
                writeln!(
                    out,
                    "{} ({}) {{{labels}}}\n    {}",
                    metric.name,
                    metric.kind.as_str(),
                    metric.help
                )?;
            }
            for alarm in alarms::all() {
                writeln!(out, "{} ({})\n    {}", alarm.name, alarm.severity.as_str(), alarm.expr)?;
            }
        }
    }
    Ok(Exit::Good)
}

fn as_json() -> Value {
    let metric = |it: &catalog::Metric| json!({ "name": it.name, "type": it.kind.as_str(), "unit": it.unit, "labels": it.labels, "help": it.help });
    let cloudwatch = |it: &catalog::CloudWatchMetric| json!({ "name": it.name, "unit": it.unit, "dimensions": it.dimensions });
    json!({
        "format": "sealog.signals/1",
        "metrics": catalog::ALL.iter().map(metric).collect::<Vec<_>>(),
        "cloudwatch": {
            "namespace": NAMESPACE,
            "metrics": catalog::CLOUDWATCH.iter().map(cloudwatch).collect::<Vec<_>>(),
        },
        "alarms": alarms::all().iter().map(alarm_as_json).collect::<Vec<_>>(),
    })
}

fn alarm_as_json(alarm: &Alarm) -> Value {
    let cloudwatch = alarm.cloudwatch.map(|it| {
        json!({
            "metric": it.metric, "statistic": it.statistic, "comparison": it.comparison, "threshold": it.threshold,
            "period_s": it.period_s, "periods": it.periods, "missing": it.missing, "dimensions": ["TableName"],
        })
    });
    json!({
        "name": alarm.name, "severity": alarm.severity.as_str(),
        "prometheus": { "expr": alarm.expr, "for": format!("{}s", alarm.holds.as_secs()) },
        "cloudwatch": cloudwatch, "summary": alarm.summary, "remedy": alarm.remedy,
    })
}
