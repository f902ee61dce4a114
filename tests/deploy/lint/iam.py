"""IAM policies: parliament finds nothing, each action exists and takes that resource, each statement's reason is written down."""

import json
import re


def check(place):
    folder = place.deploy / "iam"
    policies = sorted(folder.glob("*.json"))
    place.checks.check("iam: the four roles have a policy", {"writer", "signer", "auditor", "analyst"} <= {path.stem for path in policies})
    readme = (folder / "README.md").read_text()
    for path in policies:
        name = f"iam: {path.stem}"
        # Given by a pipe: it refuses --file where standard input is none.
        said = place.passes(f"{name}: parliament", place.tool("parliament"), input=path.read_text())
        place.checks.equal(f"{name}: parliament has nothing to say", said.strip(), "")
        statements = json.loads(path.read_text())["Statement"]
        sids = [it["Sid"] for it in statements]
        place.checks.equal(f"{name}: statements have names of their own", len(set(sids)), len(sids))
        part = re.search(rf"^## {path.stem}\n(.*?)(?=^## |\Z)", readme, re.MULTILINE | re.DOTALL)
        reasons = re.findall(r"^\| `(\w+)` \|.*\| \S.* \|$", part.group(1), re.MULTILINE) if part else []
        place.checks.equal(f"{name}: README.md has each statement's reason", sorted(reasons), sorted(sids))
        known(place, name, statements)


KNOWS = """
import json, sys
from policy_sentry.querying.actions import get_action_data
wanted = json.load(sys.stdin)
found = {}
for action in wanted:
    service, name = action.split(":")
    data = get_action_data(service, name)
    found[action] = [it["resource_arn_format"] for it in data[service]] if data else None
print(json.dumps(found))
"""


def known(place, name, statements):
    """Each action as AWS's service reference has it (policy_sentry's copy): it exists, and takes a resource of that form."""
    actions = sorted({action for it in statements for action in listed(it["Action"])})
    found = json.loads(place.said(place.tool("python"), "-c", KNOWS, input=json.dumps(actions)))
    for statement in statements:
        resources = listed(statement["Resource"])
        taken = set()
        for action in listed(statement["Action"]):
            forms = found[action]
            if not place.checks.check(f"{name}: {action} exists, and is no wildcard", forms and "*" not in action):
                continue
            fine = [form for form in forms if form != "*"] or ["*"]
            fitting = {arn for arn in resources if any(fits(arn, form) for form in fine)}
            place.checks.check(f"{name}: {action} takes a resource of {statement['Sid']}", fitting, f"{resources} are none of {forms}")
            taken |= fitting
        place.checks.equal(f"{name}: every resource of {statement['Sid']} is of use", sorted(set(resources) - taken), [])


def fits(arn, form):
    """Whether an ARN has a form such as arn:${Partition}:s3:::${BucketName}/${ObjectName}."""
    pattern = re.sub(r"\\\$\\\{\w+\\\}", ".+", re.escape(form))
    return re.fullmatch(pattern, arn) is not None


def listed(value):
    """IAM's lists of one may be written without brackets."""
    return value if isinstance(value, list) else [value]
