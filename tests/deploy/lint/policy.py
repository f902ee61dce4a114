"""The bucket policy of the files is the one that the binary would set."""

import json

from lint import cloudformation


def check(place):
    """The policy that `sealog archive policy` prints is part of that which Terraform and CloudFormation set."""
    with place.folder() as folder:
        config = folder / "sealog.toml"
        config.write_text('archive = "s3://acme-audit/sealog"\n[signing]\nkey = "kms:k"\n[[table]]\nname = "orders"\n')
        wanted = {it["Sid"]: it for it in json.loads(place.said(place.sealog, "archive", "policy", "--config", config, env=offline()))["Statement"]}
    resources = cloudformation.load(place.deploy / "sam" / "template.yaml")
    held = {it["Sid"]: it for it in resources["ArchivePolicy"]["Properties"]["PolicyDocument"]["Statement"]}
    place.checks.check("policy: CloudFormation sets every statement of `archive policy`", set(wanted) <= set(held), held)
    for sid, want in wanted.items():
        for part in ("Effect", "Principal", "Condition"):
            place.checks.equal(f"policy: CloudFormation's {sid} has the same {part}", held[sid].get(part), want.get(part))
        place.checks.equal(f"policy: CloudFormation's {sid} has the same actions", listed(held[sid]["Action"]), listed(want["Action"]))
        names = [it["Sub"].replace("${Archive.Arn}", "arn:aws:s3:::acme-audit").replace("${Prefix}", "sealog")
                 for it in (held[sid]["Resource"] if isinstance(held[sid]["Resource"], list) else [held[sid]["Resource"]])]
        place.checks.equal(f"policy: CloudFormation's {sid} is about the same objects", sorted(names), listed(want["Resource"]))
    # Terraform's own test knows the resources; here that it has the same statements.
    text = (place.deploy / "terraform" / "bucket.tf").read_text()
    place.checks.equal("policy: Terraform sets every statement of `archive policy`", [sid for sid in wanted if f'"{sid}"' not in text], [])


def offline():
    """An environment that reaches no AWS."""
    return {"PATH": "/usr/bin:/bin", "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_EC2_METADATA_DISABLED": "true", "NO_COLOR": "1"}


def listed(value):
    """IAM's lists of one may be written without brackets."""
    return sorted(value) if isinstance(value, list) else [value]
