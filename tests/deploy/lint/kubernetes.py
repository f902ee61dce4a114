"""Kubernetes: each overlay is built by kustomize, every object is valid, and selectors select the writer."""

import yaml


def check(place):
    overlays = sorted(path.parent for path in (place.deploy / "kubernetes" / "overlays").glob("*/kustomization.yaml"))
    place.checks.check("kubernetes: there are overlays", len(overlays) > 1)
    for overlay in overlays:
        name = f"kubernetes: {overlay.name}"
        text = place.passes(f"{name} builds", place.tool("kustomize-build"), overlay)
        valid(place, f"{name} is valid", text)
        objects = {thing["kind"]: thing for thing in yaml.safe_load_all(text)}
        hardened(place.checks, name, objects)


def valid(place, name, text):
    """Checks YAML against Kubernetes' schemas; unknown fields are errors."""
    with place.folder() as folder:
        path = folder / "objects.yaml"
        path.write_text(text)
        said = place.passes(name, place.tool("kubernetes-validate"), "--strict", path)
    objects = [thing for thing in yaml.safe_load_all(text) if thing]
    # It says nothing of what it does not know.
    place.checks.equal(f"{name}: all of it was looked at", said.count(" passed for resource "), len(objects))


def hardened(checks, name, objects):
    pod = objects["Deployment"]["spec"]["template"]
    labels, spec = pod["metadata"]["labels"].items(), pod["spec"]
    selectors = {
        "Deployment": objects["Deployment"]["spec"]["selector"], "PodDisruptionBudget": objects["PodDisruptionBudget"]["spec"]["selector"],
        "NetworkPolicy": objects["NetworkPolicy"]["spec"]["podSelector"],
    }
    for kind, selector in selectors.items():
        wanted = selector.get("matchLabels", {}).items()
        checks.check(f"{name}: {kind} selects the writer, and not everything", wanted and wanted <= labels, selector)
    checks.equal(f"{name}: one writer, and the old one stops first",
                 (objects["Deployment"]["spec"]["replicas"], objects["Deployment"]["spec"]["strategy"]["type"]), (1, "Recreate"))
    container = spec["containers"][0]
    security = spec["securityContext"] | container["securityContext"]
    checks.check(f"{name}: a user with a number, and not root", security["runAsNonRoot"] and isinstance(security["runAsUser"], int)
                 and security["runAsUser"] > 0, security)
    checks.check(f"{name}: nothing can be written or gained", security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"]
                 and security["capabilities"] == {"drop": ["ALL"]} and security["seccompProfile"]["type"] == "RuntimeDefault", security)
    probes = {probe: container[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
    checks.equal(f"{name}: probes", probes, {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"})
    checks.check(f"{name}: bounded", {"cpu", "memory"} <= set(container["resources"]["limits"]), container["resources"])
    checks.check(f"{name}: the image is named by its digest", "@sha256:" in container["image"], container["image"])
