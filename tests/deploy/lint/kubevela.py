"""KubeVela: definitions are formatted, and render what the customer's document says, for both backends that it names."""

import copy

import yaml

import vela
from lint import kubernetes
from lint.fields import Lists

BACKENDS = ("ack", "crossplane")
VIEW_TYPES = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")


def check(place):
    cue = place.tool("cue")
    folder = place.deploy / "kubevela" / "definitions"
    paths = sorted(folder.glob("*.cue"))
    place.passes("kubevela: definitions are formatted", cue, "fmt", "--check", "--diff", *paths)
    definitions = {}
    for path in paths:
        definition = vela.Definition(path)
        definitions[definition.about(cue)[0]] = definition
    lists = Lists(place.tests / "kubevela" / "crds")
    manifests = [definition.manifest(cue) for definition in definitions.values()]
    head = "# What `kubectl apply -f` takes; generated from definitions/*.cue by tests/deploy/lint_deploy.py --write.\n"
    place.same("kubevela: definitions.yaml is generated from definitions/", place.deploy / "kubevela" / "definitions.yaml",
               head + vela.dump(manifests))
    for manifest in manifests:
        place.checks.equal(f"kubevela: {manifest['metadata']['name']} has fields that KubeVela has", lists.problems(manifest), [])
    examples(place, cue, definitions, lists)
    Streams(place, cue, definitions, lists).check()
    health(place.checks, cue, definitions)


def examples(place, cue, definitions, lists):
    """Each example and each backend: the golden file, and nothing that the API server would drop."""
    for path in sorted((place.tests / "kubevela" / "examples").glob("*.yaml")):
        application = yaml.safe_load(path.read_text())
        place.checks.equal(f"kubevela: {path.stem} is an Application", lists.problems(application), [])
        for backend in BACKENDS:
            name = f"kubevela: {path.stem} on {backend}"
            with place.checks.section(name):
                objects = vela.render(cue, definitions, on(backend, application))
                place.same(f"{name} renders as it did", place.tests / "kubevela" / "golden" / backend / path.name, vela.dump(objects))
                accepted(place, name, objects, lists)


def accepted(place, name, objects, lists):
    """Checks objects against the CRDs' field lists, and the others against Kubernetes' own schemas."""
    for thing in objects:
        if lists.knows(thing):
            place.checks.equal(f"{name}: {thing['kind']} has fields that its CRD has", lists.problems(thing), [])
    others = [thing for thing in objects if not lists.knows(thing)]
    if others:
        kubernetes.valid(place, f"{name}: the other objects are valid", vela.dump(others))


def on(backend, application):
    """The application with its table on this backend. ACK is the default, and stays unsaid."""
    application = copy.deepcopy(application)
    if backend != "ack":
        for component in application["spec"]["components"]:
            component["properties"]["backend"] = backend
    return application


def health(checks, cue, definitions):
    """What is said of live objects, from the moment at which they have no status yet."""
    def table(*conditions):
        return {"output": {"status": {"conditions": [{"type": name, "status": status} for name, status in conditions]}}}

    cases = [({"output": {}}, False), (table(), False), (table(("ACK.ResourceSynced", "True")), True),
             (table(("ACK.ResourceSynced", "False")), False), (table(("Synced", "True"), ("Ready", "False")), False),
             (table(("Synced", "True"), ("Ready", "True")), True)]
    for context, healthy in cases:
        checks.equal(f"kubevela: a table with {context} is {'well' if healthy else 'not well'}",
                     definitions["dynamodb-table"].status(cue, context)[0], healthy)
    for status, healthy in (({}, False), ({"status": {"replicas": 1}}, False), ({"status": {"readyReplicas": 1}}, True)):
        said = definitions["audit-archive"].status(cue, {"outputs": {"deployment": status}})
        checks.equal(f"kubevela: an archive with {status} is {'well' if healthy else 'not well'}",
                     (said[0], "/readyz" in said[1]), (healthy, not healthy))


class Streams:
    """What the trait `dynamodb-streams` promises, beyond the examples."""

    def __init__(self, place, cue, definitions, lists):
        self.checks, self.cue, self.definitions, self.lists = place.checks, cue, definitions, lists
        self.trait = definitions["dynamodb-streams"]

    def patched(self, table, properties):
        """A table with the trait on it; or the error."""
        try:
            given = self.trait.evaluate(self.cue, properties, {"name": "t", "output": table})
        except vela.RenderError as error:
            return str(error)
        if given["errs"]:
            return given["errs"][0]
        return vela.merge_patch(table, given["patch"], self.trait)

    def check(self):
        for backend, bare in TABLES.items():
            on_stream = lambda view: with_stream(backend, bare, view)  # noqa: E731
            for view in VIEW_TYPES:
                self.equal(f"{backend}: viewType {view}", self.patched(bare, {"enabled": True, "viewType": view}), on_stream(view))
            full = on_stream("NEW_AND_OLD_IMAGES")
            self.equal(f"{backend}: an omitted viewType is NEW_AND_OLD_IMAGES", self.patched(bare, {"enabled": True}), full)
            self.equal(f"{backend}: omitted properties switch the stream on", self.patched(bare, {}), full)
            self.equal(f"{backend}: the trait stands over the component", self.patched(on_stream("KEYS_ONLY"), {}), full)
            for said, table in (("a table without stream", bare), ("a table with one", on_stream("NEW_IMAGE"))):
                for properties in ({"enabled": False}, {"enabled": False, "viewType": "OLD_IMAGE"}):
                    self.equal(f"{backend}: {properties} on {said} leaves no field of the stream",
                               self.patched(table, properties), bare)
            wrong = self.patched(bare, {"viewType": "EVERYTHING"})
            self.checks.check(f"kubevela: {backend}: a wrong viewType is refused, and the four are listed",
                              isinstance(wrong, str) and all(view in wrong for view in VIEW_TYPES), wrong)
            for name, value in (("enabled", "yes"), ("viewtype", "KEYS_ONLY")):
                refused = self.patched(bare, {name: value})
                self.checks.check(f"kubevela: {backend}: {name} = {value!r} is refused", isinstance(refused, str), refused)
        self.unknown()

    def unknown(self):
        """A trait on what is no table of a known backend."""
        others = ({"apiVersion": "apps/v1", "kind": "Deployment"},
                  {"apiVersion": "dynamodb.aws.crossplane.io/v1alpha1", "kind": "Table"})
        for table in others:
            for name in ("dynamodb-streams", "dynamodb-protection"):
                said = self.definitions[name].evaluate(self.cue, {}, {"name": "t", "output": table})["errs"]
                good = (len(said) == 1 and table["apiVersion"] in said[0] and "dynamodb.services.k8s.aws" in said[0]
                        and "dynamodb.aws.upbound.io" in said[0])
                self.checks.check(f"kubevela: {name} on {table['apiVersion']} {table['kind']} says what it knows", good, said)

    def equal(self, name, got, want):
        self.checks.equal(f"kubevela: {name}", got, want)
        if isinstance(got, dict):
            self.checks.equal(f"kubevela: {name}: the CRD has the fields", self.lists.problems(got), [])


TABLES = {
    "ack": {"apiVersion": "dynamodb.services.k8s.aws/v1alpha1", "kind": "Table", "spec": {
        "tableName": "t", "keySchema": [{"attributeName": "k", "keyType": "HASH"}],
        "attributeDefinitions": [{"attributeName": "k", "attributeType": "S"}]}},
    "crossplane v1beta1": {"apiVersion": "dynamodb.aws.upbound.io/v1beta1", "kind": "Table", "spec": {
        "forProvider": {"region": "eu-west-1", "hashKey": "k", "attribute": [{"name": "k", "type": "S"}]}}},
    "crossplane v1beta2": {"apiVersion": "dynamodb.aws.upbound.io/v1beta2", "kind": "Table", "spec": {
        "forProvider": {"region": "eu-west-1", "hashKey": "k", "attribute": [{"name": "k", "type": "S"}]}}},
}


def with_stream(backend, table, view):
    """The table as it should be with this stream."""
    table = copy.deepcopy(table)
    stream = {"streamEnabled": True, "streamViewType": view}
    if backend == "ack":
        table["spec"]["streamSpecification"] = stream
    else:
        table["spec"]["forProvider"] |= stream
    return table
