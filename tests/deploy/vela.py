"""Renders an Application as KubeVela does, by CUE and KubeVela's documented rules, since its own CLI cannot be had here.

What KubeVela does, and this does too: a definition's template is joined with `parameter` (the application's properties) and
`context`; the component gives `output` and `outputs`; each trait, in the application's order, sees the output so far as
`context.output`, gives `patch`, `outputs` and `errs` (the first text of which stops everything). A patch marked
`+patchStrategy=jsonMergePatch` is merged by RFC 7396; no other strategy is used by our definitions, so none is known here.
"""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

import yaml

STRATEGY = re.compile(r"^// \+patchStrategy=(\w+)\npatch:", re.MULTILINE)


class RenderError(Exception):
    """KubeVela would refuse the application; the message is what it would say."""


class Definition:
    """One definition file in the form of `vela def`: imports, the definition's head, and `template: { … }`."""

    def __init__(self, path):
        self.path = Path(path)
        text = self.path.read_text()
        found = re.search(r"^template: \{\n(.*)^\}\n", text, re.MULTILINE | re.DOTALL)
        if not found:
            raise ValueError(f"{path}: no `template: {{ … }}` at the beginning of a line")
        self.imports, self.head = _without_imports(text[: found.start()])
        # Text that stands at the margin inside a multi-line string stays there.
        self.body = re.sub(r"^\t", "", found.group(1), flags=re.MULTILINE)

    @property
    def template(self):
        """What KubeVela keeps, and what is rendered here: imports and body, as definitions.yaml has them."""
        return _without_tabs(self.imports + ("\n" if self.imports else "") + self.body)

    def about(self, cue):
        """The head: name, type, description, attributes."""
        said = _export(cue, self.head, self.path.name)
        (name, head), = said.items()
        return name, head

    def evaluate(self, cue, parameter, context):
        """Everything that the template gives for these properties in this context."""
        text = f"{self.template}\nparameter: {json.dumps(parameter)}\ncontext: {json.dumps(context)}\n"
        return _export(cue, text, self.path.name)

    def status(self, cue, context):
        """What KubeVela says of live objects: `isHealth` of the health policy, and the `message`."""
        (head,) = _export(cue, self.head, self.path.name).values()
        status = head["attributes"]["status"]
        text = "\n".join([status["healthPolicy"], status.get("customStatus", ""), f"context: {json.dumps(context)}", ""])
        said = _export(cue, text, self.path.name)
        return said["isHealth"], said.get("message")

    def manifest(self, cue):
        """The object that a cluster takes, `kubectl apply -f`."""
        name, head = self.about(cue)
        kind = {"component": "ComponentDefinition", "trait": "TraitDefinition"}[head["type"]]
        return {
            "apiVersion": "core.oam.dev/v1beta1", "kind": kind,
            "metadata": {"name": name, "namespace": "vela-system",
                         "annotations": {"definition.oam.dev/description": head["description"]}},
            "spec": _without_tabs(head["attributes"] | {"schematic": {"cue": {"template": self.template}}}),
        }


def render(cue, definitions, application):
    """The objects that an Application becomes, in order; `definitions` maps names to `Definition`s."""
    objects = []
    for component in application["spec"]["components"]:
        context = {
            "name": component["name"], "namespace": application["metadata"].get("namespace", "default"),
            "appName": application["metadata"]["name"], "appRevision": application["metadata"]["name"] + "-v1",
            "revision": component["name"] + "-v1",
        }
        given = _known(definitions, component["type"]).evaluate(cue, component.get("properties", {}), context)
        output, others = given["output"], dict(given.get("outputs", {}))
        for trait in component.get("traits", []):
            definition = _known(definitions, trait["type"])
            given = definition.evaluate(cue, trait.get("properties", {}), context | {"output": output})
            for problem in given.get("errs", []):
                raise RenderError(problem)
            if "patch" in given:
                output = merge_patch(output, given["patch"], definition)
            others |= given.get("outputs", {})
        for thing in [output, *others.values()]:
            metadata = {"name": component["name"], "namespace": context["namespace"]} | thing.get("metadata", {})
            objects.append(thing | {"metadata": metadata})
    return objects


def merge_patch(base, patch, definition):
    """The patch over the output, by the strategy that the definition names."""
    found = STRATEGY.search(definition.body)
    if not found or found.group(1) != "jsonMergePatch":
        raise RenderError(f"{definition.path.name}: its patch should say +patchStrategy=jsonMergePatch")
    return merged(base, patch)


def merged(target, patch):
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def _known(definitions, name):
    if name not in definitions:
        raise RenderError(f"no definition named {name}; there are {', '.join(sorted(definitions))}")
    return definitions[name]


def _without_tabs(value):
    """YAML has no readable form for a text with tabs; CUE does not mind what indents it."""
    if isinstance(value, dict):
        return {name: _without_tabs(item) for name, item in value.items()}
    return value.replace("\t", "  ") if isinstance(value, str) else value


def _without_imports(text):
    found = re.match(r"(import \((?:\n\t[^\n]*)*\n\)\n|(?:import [^\n]*\n)+)", text)
    return (found.group(1), text[found.end():]) if found else ("", text)


def _export(cue, text, name):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_text(text)
        done = subprocess.run([cue, "export", "--out", "json", path.name], cwd=folder, capture_output=True, text=True,
                              timeout=60, check=False, env=os.environ | {"CUE_CACHE_DIR": folder})
        if done.returncode != 0:
            raise RenderError(done.stderr.strip())
        return json.loads(done.stdout)


def dump(objects):
    """Objects as one YAML text."""
    return yaml.dump_all(objects, sort_keys=False, width=4096, Dumper=_Dumper)


class _Dumper(yaml.SafeDumper):
    """Multi-line texts as blocks."""

    def ignore_aliases(self, data):
        return True


def _text(dumper, text):
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
