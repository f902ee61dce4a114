"""An object against a CRD's field list. The API server drops an unknown field without a word, so here it is an error."""

import yaml

TYPES = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "any": lambda value: True,
}


class Lists:
    """The field lists of a folder, by apiVersion and kind."""

    def __init__(self, folder):
        self.by_kind = {}
        for path in sorted(folder.glob("*.yaml")):
            known = yaml.safe_load(path.read_text())
            if not known.get("origin") or not known.get("version"):
                raise ValueError(f"{path}: origin and version should say where the list is from")
            self.by_kind[known["apiVersion"], known["kind"]] = known["fields"]

    def knows(self, thing):
        return (thing.get("apiVersion"), thing.get("kind")) in self.by_kind

    def problems(self, thing):
        """What of the object the API server would drop or refuse."""
        fields = self.by_kind[thing["apiVersion"], thing["kind"]]
        own = {name: value for name, value in thing.items() if name not in ("apiVersion", "kind", "metadata")}
        return _problems(own, fields, f"{thing['kind']}")


def _problems(value, fields, path):
    if isinstance(fields, str):
        return [] if TYPES[fields](value) else [f"{path}: {value!r} should be a {fields}"]
    if isinstance(fields, list):
        if not isinstance(value, list):
            return [f"{path}: should be a list"]
        return [problem for index, item in enumerate(value) for problem in _problems(item, fields[0], f"{path}[{index}]")]
    if not isinstance(value, dict):
        return [f"{path}: should be an object"]
    if "*" in fields:
        return [problem for name, item in value.items() for problem in _problems(item, fields["*"], f"{path}.{name}")]
    known = {name.removesuffix("!"): inner for name, inner in fields.items()}
    found = [f"{path}.{name}: the CRD has no such field" for name in value if name not in known]
    found += [f"{path}.{name[:-1]}: is required" for name in fields if name.endswith("!") and name[:-1] not in value]
    for name, item in value.items():
        if name in known:
            found += _problems(item, known[name], f"{path}.{name}")
    return found
