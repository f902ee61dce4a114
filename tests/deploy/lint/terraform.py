"""The Terraform module: formatted, valid, and its own tests pass with a mocked provider."""

import os
import re
import shutil


def check(place):
    terraform = place.tool("terraform")
    with place.folder() as folder:
        # A copy, with the policies that its tests read: nothing is written into the clone.
        for name in ("terraform", "iam"):
            shutil.copytree(place.deploy / name, folder / name)
        options = {"cwd": folder / "terraform", "env": os.environ | {
            "TF_CLI_CONFIG_FILE": str(place.tools / "terraformrc"), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}}
        place.passes("terraform: formatted", terraform, "fmt", "-check", "-recursive", "-diff", **options)
        place.passes("terraform: init", terraform, "init", "-backend=false", "-input=false", "-no-color", **options)
        place.passes("terraform: valid", terraform, "validate", "-no-color", **options)
        said = place.passes("terraform: its tests pass", terraform, "test", "-no-color", **options)
        for run in re.findall(r'^  run "(\w+)"\.\.\. (\w+)$', said, re.MULTILINE):
            place.checks.equal(f"terraform: {run[0]}", run[1], "pass")
        place.checks.check("terraform: there are tests", re.search(r"^Success! [1-9]\d* passed, 0 failed\.$", said, re.MULTILINE), said)
