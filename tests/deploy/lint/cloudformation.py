"""The CloudFormation template: cfn-lint finds nothing, and roles and bucket policy are those of deploy/iam and Terraform."""

import json

import yaml


class Loader(yaml.SafeLoader):
    """CloudFormation's short forms, kept as {tag: value}."""


def _tagged(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    return {suffix: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", _tagged)


def check(place):
    path = place.deploy / "sam" / "template.yaml"
    place.passes("cloudformation: cfn-lint", place.tool("cfn-lint"), "--regions", "eu-west-1", "us-east-1", "--", path)
    resources = load(path)
    for role, want in policies(place).items():
        got = statements_of(resources, role)
        place.checks.equal(f"cloudformation: the role {role} may do what deploy/iam says", got, want)
    kept = {name for name, it in resources.items() if it.get("DeletionPolicy") == it.get("UpdateReplacePolicy") == "Retain"}
    place.checks.check("cloudformation: a stack that is deleted takes no evidence with it",
                       {"Archive", "ArchivePolicy", "DataKey", "SigningKey"} <= kept, kept)


def load(path):
    """The template's resources, loops taken apart: their bodies stand once."""
    resources = {}
    for name, value in yaml.load(path.read_text(), Loader)["Resources"].items():  # noqa: S506
        resources |= value[2] if name.startswith("Fn::ForEach") else {name: value}
    return resources


def policies(place):
    """What deploy/iam allows, by the role that has it."""
    read = lambda name: json.loads((place.deploy / "iam" / f"{name}.json").read_text())["Statement"]  # noqa: E731
    return {"Writer": allowed(read("writer") + read("signer")), "Auditor": allowed(read("auditor")), "Analyst": allowed(read("analyst"))}


def statements_of(resources, role):
    documents = [it["PolicyDocument"] for it in resources[role]["Properties"]["Policies"]]
    documents += [it["Properties"]["PolicyDocument"] for it in resources.values()
                  if it["Type"] == "AWS::IAM::RolePolicy" and it["Properties"]["RoleName"] == {"Ref": role}]
    return allowed([statement for document in documents for statement in document["Statement"]])


def allowed(statements):
    """By a statement's name: effect, actions, and the condition's keys. Resources differ in form."""
    listed = lambda value: sorted(value) if isinstance(value, list) else [value]  # noqa: E731
    return {it["Sid"]: (it["Effect"], listed(it["Action"]), sorted(key for of in it.get("Condition", {}).values() for key in of))
            for it in statements}
