"""The systemd unit: it is understood, as hardened as its README says, and does not come back from a wrong configuration."""

import configparser
import re


def check(place):
    folder = place.deploy / "systemd"
    text = (folder / "sealog.service").read_text()
    command = re.search(r"^ExecStart=(\S+) (.*)$", text, re.MULTILINE)
    place.checks.equal("unit: what it starts", command and command.groups(), ("/usr/local/bin/sealog", "run --config /etc/sealog/sealog.toml"))
    analyze = place.tool("systemd-analyze")
    with place.folder() as temporary:
        # The program has to be there.
        unit = temporary / "sealog.service"
        unit.write_text(text.replace("/usr/local/bin/sealog", place.sealog))
        said = place.passes("unit: systemd-analyze verify", analyze, "verify", unit)
        place.checks.equal("unit: systemd-analyze has nothing to say", said.strip(), "")
        stated = re.search(r"exposure level (?:of|is) \*?\*?([0-9.]+)", (folder / "README.md").read_text())
        code, said = place.run(analyze, "security", "--offline=yes", "--no-pager", "--threshold=15", unit)
        place.checks.check("unit: exposed no more than 1.5", code == 0, said)
        measured = re.search(r"Overall exposure level for sealog.service: ([0-9.]+)", said)
        place.checks.equal("unit: its README states the level", stated and stated.group(1), measured and measured.group(1))
    parsed = configparser.RawConfigParser(strict=False)
    parsed.optionxform = str
    parsed.read_string(text)
    place.checks.equal("unit: wrong usage and configuration are not tried again", parsed["Service"]["RestartPreventExitStatus"], "2 78")
    users = (folder / "sealog.sysusers.conf").read_text()
    place.checks.check("unit: its user is made", re.search(rf"^u {parsed['Service']['User']} -", users, re.MULTILINE), users)
