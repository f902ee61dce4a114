"""Every file of deploy/, read by the tool that its users would run.

    lint_deploy.py --sealog PATH [--only PART]… [--root DIR] [--write]

SEALOG_DEPLOY_TOOLS is the folder that tests/setup/deploy.sh prints. What the files say of Sealog itself (metrics, alarms,
configurations, bucket policy) is asked of the binary. `--root` is another copy of the clone, `--write` writes golden files and
what is generated anew.
"""

import argparse
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

from checks import Checks  # noqa: E402
from lint import athena, cloudformation, documents, iam, image, kubernetes, kubevela, policy  # noqa: E402
from lint import dashboard, prometheus, scan, signals, terraform, unit  # noqa: E402
from lint.place import Place  # noqa: E402

PARTS = {
    "athena": athena.check,
    "kubevela": kubevela.check, "kubernetes": kubernetes.check, "image": image.check, "sbom": image.sbom, "unit": unit.check, "iam": iam.check,
    "terraform": terraform.check, "cloudformation": cloudformation.check, "prometheus": prometheus.check,
    "dashboard": dashboard.check, "documents": documents.check, "scan": scan.check, "policy": policy.check, "signals": signals.check,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sealog", required=True, help="the binary")
    parser.add_argument("--only", action="append", choices=sorted(PARTS), help="only these parts; all by default")
    parser.add_argument("--root", type=Path, default=HERE.parent.parent, help="the clone")
    parser.add_argument("--write", action="store_true", help="write golden files and generated ones anew")
    options = parser.parse_args()
    tools = os.environ.get("SEALOG_DEPLOY_TOOLS")
    if not tools:
        parser.error("SEALOG_DEPLOY_TOOLS should be what tests/setup/deploy.sh prints")
    checks = Checks("lint-deploy")
    place = Place(checks, options.root.resolve(), Path(tools), options.sealog, options.write)
    for part in options.only or PARTS:
        with checks.section(part):
            PARTS[part](place)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
