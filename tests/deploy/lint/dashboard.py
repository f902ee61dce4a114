"""The dashboard: its queries are PromQL, its panels have a place of their own, and every query is of its data source."""

import json
import re

import yaml


def check(place):
    path = place.deploy / "grafana" / "sealog.json"
    dashboard = json.loads(path.read_text())
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    ids = [panel["id"] for panel in dashboard["panels"]]
    place.checks.equal("dashboard: panels have ids of their own", len(set(ids)), len(ids))
    taken, bad = set(), []
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        if cells & taken or at["x"] + at["w"] > 24:
            bad.append(panel["title"])
        taken |= cells
    place.checks.equal("dashboard: every panel lies alone and on the page", bad, [])
    for panel in panels:
        good = panel["title"] and panel["description"] and panel["targets"] and panel["datasource"]["uid"] == "${datasource}" and all(
            target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])
        place.checks.check(f"dashboard: {panel['title']} says what it shows, of the chosen source", good, panel)
    names = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", " ".join(expressions(dashboard)))) - {"__rate_interval", "__range"}
    place.checks.check("dashboard: its variables are there", used <= names, used - names)
    with place.folder() as folder:
        rules = folder / "queries.yml"
        rules.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": [
            {"record": f"query:{index}", "expr": concrete(text)} for index, text in enumerate(expressions(dashboard))]}]}))
        place.passes("dashboard: promtool reads its queries", place.tool("promtool"), "check", "rules", rules)


def expressions(dashboard):
    """Every query."""
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]


def concrete(text):
    """A query as Grafana would send it."""
    return re.sub(r"\$\{?(\w+)\}?", lambda it: "5m" if it.group(1).startswith("__") else ".+", text)
