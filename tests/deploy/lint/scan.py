"""checkov over everything that it understands. What it finds and we do not do stands in checkov.yaml, with the reason."""

import json
import os
import shutil

import yaml

FRAMEWORKS = ("terraform", "cloudformation", "kubernetes", "dockerfile")


def check(place):
    skips = yaml.safe_load((place.tests / "checkov.yaml").read_text())
    place.checks.check("scan: every skip has a reason", all(len(reason) > 20 for of in skips.values() for reason in of.values()), skips)
    with place.folder() as folder:
        # One run over all: most of what it costs is its start.
        for name in ("terraform", "sam", "docker"):
            shutil.copytree(place.deploy / name, folder / name)
        (folder / "kubernetes").mkdir()
        for overlay in sorted((place.deploy / "kubernetes" / "overlays").iterdir()):
            (folder / "kubernetes" / f"{overlay.name}.yaml").write_text(place.said(place.tool("kustomize-build"), overlay))
        _, said = place.run(place.tool("checkov"), "--quiet", "--compact", "--skip-download", "--framework", *FRAMEWORKS,
                            "--directory", folder, "--output", "json", stderr=None, env=os.environ | {"LOG_LEVEL": "ERROR"})
    reports = {it["check_type"]: it for it in json.loads(said)}
    for framework in FRAMEWORKS:
        judge(place.checks, framework, reports.get(framework), skips[framework])


def judge(checks, framework, report, skips):
    if not checks.check(f"scan: checkov understands {framework}",
                        report and report["summary"]["passed"] > 0 and not report["summary"]["parsing_errors"], report):
        return
    failed = {f"{it['check_id']} {it['resource'].removeprefix('/docker')}": it["check_name"] for it in report["results"]["failed_checks"]}
    checks.equal(f"scan: checkov finds nothing in {framework}", {key: it for key, it in failed.items() if key not in skips}, {})
    checks.equal(f"scan: no skip of {framework} is needless", sorted(set(skips) - set(failed)), [])
