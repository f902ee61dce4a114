"""The image: hadolint, what the build reads is sent to it, and the list of what is in it is SPDX."""

import re
import tomllib


def check(place):
    folder = place.deploy / "docker"
    dockerfile = folder / "Dockerfile"
    place.passes("image: hadolint", place.tool("hadolint"), "--failure-threshold", "style", dockerfile)
    text = dockerfile.read_text()
    users = re.findall(r"^USER (\S+)$", text, re.MULTILINE)
    place.checks.check("image: runs as a number, and not as root", users and re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1]), users)
    sbom = re.search(r'sealog\.sbom="([^"]+)"', text)
    place.checks.check("image: its label says where the list of what is in it lies", sbom and f" {sbom.group(1)}\n" in text, sbom)

    sent = [line[1:] for line in (folder / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")]
    members = tomllib.loads((place.root / "Cargo.toml").read_text())["workspace"]["members"]
    needed = {member.removesuffix("/*") for member in members} | {"Cargo.toml", "Cargo.lock", "wit", "deploy/docker/sbom.sh"}
    place.checks.equal("image: what the build reads is sent to it", needed - set(sent), set())
    absent = {name for name in sent if not (place.root / name).exists()} - {"plugins"}
    place.checks.equal("image: what is sent is there", absent, set())


def sbom(place):
    """The list of what is in the image: SPDX, read by a tool of SPDX. A part of its own, because that tool takes its time."""
    folder = place.deploy / "docker"
    with place.folder() as temporary:
        listed = temporary / "sealog.spdx"
        listed.write_text(place.said(folder / "sbom.sh"))
        place.passes("sbom: the list is SPDX", place.tool("pyspdxtools"), "-i", listed)
        names = re.findall(r"^PackageName: (\S+)$", listed.read_text(), re.MULTILINE)
    place.checks.check("sbom: the list has our crates and others", {"sealog", "sealog-chain", "tokio", "ring"} <= set(names), names)
