"""Prometheus: rules and configuration are understood, each alarm sounds when it should, and has a remedy in README.md."""

import re

import yaml


def check(place):
    promtool = place.tool("promtool")
    folder = place.deploy / "prometheus"
    rules = folder / "sealog.rules.yml"
    place.passes("prometheus: promtool check rules", promtool, "check", "rules", rules)
    place.passes("prometheus: promtool check config", promtool, "check", "config", folder / "prometheus.yml")
    tests = place.tests / "prometheus" / "sealog.test.yml"
    place.passes("prometheus: promtool test rules", promtool, "test", "rules", tests)
    alarms = {rule["alert"]: rule for rule in of(rules)}
    tested = {}
    for test in yaml.safe_load(tests.read_text())["tests"]:
        for case in test["alert_rule_test"]:
            tested.setdefault(case["alertname"], set()).add(bool(case["exp_alerts"]))
    for name, rule in alarms.items():
        place.checks.equal(f"prometheus: {name} is tested sounding and silent", tested.get(name), {True, False})
        place.checks.equal(f"prometheus: {name} says where its remedy stands", rule["annotations"]["runbook"],
                           f"deploy/prometheus/README.md#{name.lower()}")
    remedies = re.findall(r"^### (Sealog\w+)$", (folder / "README.md").read_text(), re.MULTILINE)
    place.checks.equal("prometheus: each alarm has a remedy in README.md", sorted(remedies), sorted(alarms))


def of(rules):
    """The rules of a file."""
    return [rule for group in yaml.safe_load(rules.read_text())["groups"] for rule in group["rules"]]
