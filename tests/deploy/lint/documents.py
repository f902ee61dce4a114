"""The documents: every target has one with what it takes, costs and how it is removed, and no link leads nowhere."""

import re

TARGETS = ("docker", "kubernetes", "kubevela", "systemd", "terraform", "sam")
CHAPTERS = ("From nothing to the first verified commit", "What it costs", "How to remove it")


def check(place):
    for target in TARGETS:
        text = (place.deploy / target / "README.md").read_text()
        missing = [chapter for chapter in CHAPTERS if f"## {chapter}" not in text]
        place.checks.equal(f"documents: {target}/README.md has its chapters", missing, [])
    overview = (place.deploy / "README.md").read_text()
    folders = sorted(path.name for path in place.deploy.iterdir() if path.is_dir())
    place.checks.equal("documents: README.md leads to each folder", [it for it in folders if f"({it}/" not in overview], [])
    for path in sorted(place.deploy.rglob("README.md")):
        links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())
        broken = [link for link in links if not (path.parent / link).exists()]
        place.checks.equal(f"documents: the links of {path.relative_to(place.root)}", broken, [])
