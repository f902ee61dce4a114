"""A mistake in each kind of file, planted in a copy of deploy/: lint_deploy.py must fail, in the part that reads that file.

    planted.py --sealog PATH

The copy as it is passes, and each mistake is one that somebody could make.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE.parent / "integration")]

from checks import Checks  # noqa: E402

# Part, file, what stands there, what somebody wrote instead, and a word of the complaint.
MISTAKES = [
    ("kubevela", "kubevela/definitions/dynamodb-streams.cue", "streamViewType: parameter.viewType", "viewType: parameter.viewType", "no such field"),
    ("kubevela", "kubevela/definitions/dynamodb-streams.cue", '*"NEW_AND_OLD_IMAGES" | "KEYS_ONLY"', '"NEW_AND_OLD_IMAGES" | "KEYS_ONLY"', "omitted viewType"),
    ("kubevela", "kubevela/definitions/dynamodb-streams.cue", "spec: streamSpecification: null", "spec: streamSpecification: streamEnabled: false", "leaves no field"),
    ("kubevela", "kubevela/definitions/dynamodb-streams.cue", "// +patchStrategy=jsonMergePatch\n", "", "+patchStrategy"),
    ("kubevela", "kubevela/definitions/dynamodb-table.cue", 'tableName:            *context.name', 'tablename:            *context.name', "kubevela"),
    ("kubevela", "kubevela/definitions/audit-archive.cue", "replicas: 1", "replica: 1", "writer"),
    ("kubernetes", "kubernetes/base/deployment.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFileSystem: true", "valid"),
    ("kubernetes", "kubernetes/base/poddisruptionbudget.yaml", "app.kubernetes.io/component: writer", "app.kubernetes.io/component: reader", "selects the writer"),
    ("kubernetes", "kubernetes/overlays/one-table/kustomization.yaml", "files: [sealog.toml]", "files: [sealog.tml]", "builds"),
    ("image", "docker/Dockerfile", "USER 65532:65532", "USER nonroot", "runs as a number"),
    ("image", "docker/Dockerfile", "FROM rust:1.95-slim-bookworm AS build", "FROM rust AS build", "DL3006"),
    ("image", "docker/Dockerfile.dockerignore", "!wit\n", "", "sent to it"),
    ("sbom", "docker/sbom.sh", "SPDXVersion: SPDX-2.3", "SPDXVersion: 2.3", "is SPDX"),
    ("unit", "systemd/sealog.service", "ProtectSystem=strict", "ProtectSystm=strict", "ProtectSystm"),
    ("unit", "systemd/sealog.service", "NoNewPrivileges=yes\n", "", "states the level"),
    ("iam", "iam/writer.json", "dynamodb:ListStreams", "dynamodb:ListStream", "ListStream"),
    ("iam", "iam/writer.json", '"Resource": "*"', '"Resource": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/*"', "FindStreams"),
    ("iam", "iam/auditor.json", '"arn:aws:s3:::acme-audit/sealog/*"', '"arn:aws:s3:::acme-audit"', "GetObject"),
    ("terraform", "terraform/bucket.tf", "object_lock_enabled = true", "object_lock_enable = true", "object_lock_enable"),
    ("terraform", "terraform/bucket.tf", '"s3:if-none-match" = "true"', '"s3:if-none-match" = "false"', "without If-None-Match"),
    ("terraform", "iam/writer.json", '"s3:PutObject", "s3:PutObjectRetention"', '"s3:PutObject"', "differ from deploy/iam"),
    ("cloudformation", "sam/template.yaml", "KeySpec: ECC_NIST_P256", "KeySpec: ECC_NIST_P255", "ECC_NIST_P255"),
    ("cloudformation", "sam/template.yaml", 'Action: "kms:Decrypt"', 'Action: ["kms:Decrypt", "kms:Encrypt"]', "deploy/iam"),
    ("prometheus", "prometheus/sealog.rules.yml", "sealog_iterator_age_seconds > 60\n", "sealog_iterator_age_seconds > 60000\n", "SealogIteratorAge"),
    ("prometheus", "prometheus/sealog.rules.yml", 'sum by (table, log) (increase(', 'sum by (table, log) increase(', "check rules"),
    ("dashboard", "grafana/sealog.json", "min(sealog_ready)", "min(sealog_ready", "promtool reads"),
    ("athena", "athena/10_orders_fresh.sql", "yyyy-MM-dd", "yyyy-mm-dd", "differs"),
    ("documents", "terraform/README.md", "## How to remove it", "## Removing", "How to remove it"),
    ("scan", "sam/template.yaml", "EnableKeyRotation: true", "EnableKeyRotation: false", "CKV_AWS_7"),
    ("scan", "docker/Dockerfile", "USER 65532:65532\n", "", "CKV_DOCKER"),
    ("policy", "sam/template.yaml", '"Null": {"s3:if-none-match": "true"}', '"Null": {"s3:if-none-match": "false"}', "SealogCreateOnly"),
    ("signals", "grafana/sealog.json", "min(sealog_ready)", "min(sealog_is_ready)", "sealog_is_ready"),
    ("signals", "grafana/sealog.json", 'sealog_alarm{table=', 'sealog_alarm{shard=', "shard"),
    ("signals", "prometheus/sealog.rules.yml", "sealog_loss_clock_seconds < 21600", "sealog_loss_clock_seconds < 2160", "SealogLossClock"),
    ("signals", "terraform/alarms.tf", "threshold = 60000", "threshold = 60", "Terraform's alarms"),
    ("signals", "sam/template.yaml", "Threshold: 60000", "Threshold: 60", "CloudFormation's alarms"),
    ("signals", "kubernetes/overlays/one-table/sealog.toml", "require_view_type", "required_view_type", "required_view_type"),
]


class Copy:
    """A copy of what lint_deploy.py reads."""

    def __init__(self, folder, sealog):
        self.root, self.sealog = folder, sealog
        for name in ("deploy", "crates", "wit", "tests"):
            if name in ("deploy", "tests"):
                shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("target", "corpus", "vectors"))
            else:
                (folder / name).symlink_to(ROOT / name)
        for name in ("Cargo.toml", "Cargo.lock"):
            shutil.copy(ROOT / name, folder / name)

    def lint(self, *parts):
        """Exit code and output."""
        words = [sys.executable, HERE / "lint_deploy.py", "--root", self.root, "--sealog", self.sealog]
        words += [word for part in parts for word in ("--only", part)]
        done = subprocess.run([*map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600, check=False,
                              env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"})
        return done.returncode, done.stdout


def plant(checks, copy, part, name, right, wrong, word):
    path = copy.root / "deploy" / name
    text = path.read_text()
    if not checks.check(f"{name}: there is {right.strip()!r} to be mistaken", right in text):
        return
    path.write_text(text.replace(right, wrong, 1))
    try:
        code, said = copy.lint(part)
    finally:
        path.write_text(text)
    complaints = "\n".join(re.findall(r"^FAILED .*(?:\n .*)*", said, re.MULTILINE))
    checks.check(f"{part} notices {wrong.strip()[:60]!r} in {name}", code == 1 and word in complaints, f"exit code {code}, {word!r} in:\n{complaints[:1500]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sealog", required=True, help="the binary")
    parser.add_argument("--only", help="mistakes of this part only")
    options = parser.parse_args()
    checks = Checks("planted")
    with tempfile.TemporaryDirectory(prefix="sealog-planted-") as folder:
        copy = Copy(Path(folder), options.sealog)
        mistakes = [it for it in MISTAKES if options.only in (None, it[0])]
        for mistake in mistakes:
            with checks.section(f"{mistake[0]}: {mistake[1]}"):
                plant(checks, copy, *mistake)
        # Undone, the copy is as it was.
        same = subprocess.run(["diff", "-r", ROOT / "deploy", copy.root / "deploy"], capture_output=True, text=True, check=False)
        checks.check("every mistake is undone", same.returncode == 0, same.stdout)
        parts = sorted({it[0] for it in mistakes})
        missing = sorted({"kubevela", "kubernetes", "image", "sbom", "unit", "iam", "terraform", "cloudformation", "prometheus", "dashboard",
                          "documents", "scan", "policy", "signals"} - set(parts)) if not options.only else []
        checks.equal("every part has a mistake", missing, [])
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
