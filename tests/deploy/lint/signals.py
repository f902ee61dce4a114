"""What the files say of Sealog's metrics, alarms and configurations, asked of the binary."""

import json
import re

import yaml

from lint import cloudformation, dashboard, policy, prometheus

METRIC = re.compile(r"\b((?:sealog|process)_[a-z_]+?)(?:_bucket|_sum|_count)?\b(?=[\s{\[)>`<]|$)")


def check(place):
    exported(place)
    configurations(place)


def exported(place):
    """Metrics that are named anywhere are exported, and alarms are the same everywhere."""
    known = json.loads(place.said(place.sealog, "signals", "list", "--format", "json", env=policy.offline()))
    metrics = {it["name"]: it for it in known["metrics"]}
    board = json.loads((place.deploy / "grafana" / "sealog.json").read_text())
    texts = {"the dashboard": " ".join(dashboard.expressions(board) + [it["definition"] for it in board["templating"]["list"] if "definition" in it])}
    for path in sorted([*place.deploy.rglob("README.md"), *place.deploy.rglob("*.cue"), *(place.tests / "prometheus").glob("*.yml"),
                        place.deploy / "prometheus" / "sealog.rules.yml"]):
        texts[str(path.relative_to(place.root))] = path.read_text()
    for name, text in texts.items():
        unknown = sorted(set(METRIC.findall(text)) - set(metrics))
        place.checks.equal(f"signals: every metric of {name} is exported", unknown, [])
    named = set(METRIC.findall(" ".join(texts.values())))
    place.checks.equal("signals: every metric that is exported is shown or explained", sorted(set(metrics) - named), [])
    labels(place, metrics, board)
    alarms(place, known)


def labels(place, metrics, board):
    """Labels in the selectors of the dashboard's queries and of the rules."""
    texts = dashboard.expressions(board) + [rule["expr"] for rule in prometheus.of(place.deploy / "prometheus" / "sealog.rules.yml")]
    for name, selector in re.findall(r"\b(sealog_[a-z_]+)\{([^}]*)\}", " ".join(texts)):
        metric = metrics.get(name.removesuffix("_bucket"), {"labels": []})
        unknown = set(re.findall(r"(\w+)\s*=~?", selector)) - set(metric["labels"])
        place.checks.equal(f"signals: {name} has the labels of {{{selector}}}", sorted(unknown), [])


def alarms(place, known):
    rules = {rule["alert"]: rule for rule in prometheus.of(place.deploy / "prometheus" / "sealog.rules.yml")}
    want = {it["name"]: (it["prometheus"]["expr"], seconds(it["prometheus"]["for"]), it["severity"]) for it in known["alarms"]}
    got = {name: (rule["expr"], seconds(rule.get("for")), rule["labels"]["severity"]) for name, rule in rules.items()}
    place.checks.equal("signals: the Prometheus rules are the alarms of `signals list`", got, want)

    # The trait's rules are those, for one log.
    for backend in ("ack", "crossplane"):
        golden = place.tests / "kubevela" / "golden" / backend / "archived-ledger.yaml"
        (rule,) = [it for it in yaml.safe_load_all(golden.read_text()) if it["kind"] == "PrometheusRule"]
        for alarm in rule["spec"]["groups"][0]["rules"]:
            general = re.sub(r'\{log="ledger"\}|log="ledger",\s*', "", alarm["expr"])
            place.checks.equal(f"signals: audit-archive on {backend}: {alarm['alert']}",
                               (general, seconds(alarm.get("for")), alarm["labels"]["severity"]), want.get(alarm["alert"]))

    cloud = {it["name"].removeprefix("Sealog"): it["cloudwatch"] for it in known["alarms"] if it["cloudwatch"]}
    place.checks.equal("signals: Terraform's alarms are those of `signals list`", of_terraform(place), {
        name: [it["metric"], it["statistic"], it["period_s"], it["periods"], it["comparison"], it["threshold"], it["missing"]]
        for name, it in cloud.items()})
    place.checks.equal("signals: CloudFormation's alarms are those of `signals list`", of_cloudformation(place), {
        name: [it["metric"], it["statistic"], it["period_s"], it["periods"], it["comparison"], it["threshold"], it["missing"]]
        for name, it in cloud.items()})


def seconds(text):
    """Prometheus' durations."""
    number, unit = re.fullmatch(r"(\d+)([smh])", text or "0s").groups()
    return int(number) * {"s": 1, "m": 60, "h": 3600}[unit]


def of_terraform(place):
    """The table of alarms.tf, one alarm a line."""
    found = {}
    for name, body in re.findall(r"^    (\w+) += \{ (metric.*) \}$", (place.deploy / "terraform" / "alarms.tf").read_text(), re.MULTILINE):
        values = dict(re.findall(r'(\w+) = ("[^"]*"|\d+)', body))
        found[name] = [json.loads(values[key]) for key in ("metric", "statistic", "period", "periods", "comparison", "threshold", "missing")]
    return found


def of_cloudformation(place):
    found = {}
    for name, it in cloudformation.load(place.deploy / "sam" / "template.yaml").items():
        if it["Type"] == "AWS::CloudWatch::Alarm":
            values = it["Properties"]
            found[name.removesuffix("Alarm&{Table}")] = [values[key] for key in (
                "MetricName", "Statistic", "Period", "EvaluationPeriods", "ComparisonOperator", "Threshold", "TreatMissingData")]
    return found


def configurations(place):
    """Every configuration that the files hold is one that the binary takes."""
    found = {str(path.relative_to(place.root)): path.read_text() for path in sorted(place.deploy.rglob("*.toml"))}
    for path in sorted((place.tests / "kubevela" / "golden").rglob("*.yaml")):
        for thing in yaml.safe_load_all(path.read_text()):
            if thing["kind"] == "ConfigMap":
                found[str(path.relative_to(place.root))] = thing["data"]["sealog.toml"]
    for path in sorted(place.deploy.rglob("README.md")):
        for index, text in enumerate(re.findall(r"^```toml\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)):
            found[f"{path.relative_to(place.root)} ({index + 1})"] = text
    place.checks.check("signals: there are configurations", len(found) > 4, list(found))
    for name, text in found.items():
        with place.folder() as folder:
            config = folder / "sealog.toml"
            config.write_text(text)
            place.passes(f"signals: config check takes {name}", place.sealog, "config", "check", "--config", config, env=policy.offline())
