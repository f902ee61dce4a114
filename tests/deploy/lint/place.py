"""Where the files are, and how tools are run on them."""

import os
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path


class Place:
    """A clone, the tools, the binary, and the checks that are being counted."""

    def __init__(self, checks, root, tools, sealog, write=False):
        self.checks, self.root, self.tools, self.sealog, self.write = checks, root, tools, str(Path(sealog).resolve()), write

    @property
    def deploy(self):
        return self.root / "deploy"

    @property
    def tests(self):
        return self.root / "tests" / "deploy"

    def tool(self, name):
        """A tool's path. A missing one is an error."""
        path = self.tools / name
        if not os.access(path, os.X_OK):
            raise RuntimeError(f"{name} is missing: run tests/setup/deploy.sh")
        return str(path)

    def run(self, *command, **more):
        """A command's exit code, and everything that it printed."""
        options = {"cwd": self.root, "text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "timeout": 300}
        done = subprocess.run([str(word) for word in command], check=False, **(options | more))
        return done.returncode, done.stdout

    def said(self, *command, **more):
        """A command's standard output; what it says on standard error comes with the error when it fails."""
        done = subprocess.run([str(word) for word in command], cwd=self.root, text=True, capture_output=True, timeout=300,
                              check=False, **more)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} exits with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def passes(self, name, *command, **more):
        """Checks that a command exits with 0."""
        code, said = self.run(*command, **more)
        self.checks.check(name, code == 0, f"exit code {code}\n{said}")
        return said

    def same(self, name, path, text):
        """Checks that a generated text is what the file holds; writes it with --write."""
        if self.write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        held = path.read_text() if path.exists() else None
        self.checks.check(name, held == text, lambda: f"{path} differs; run lint_deploy.py --write and look at the change\n"
                          + difference(held or "", text))

    @contextmanager
    def folder(self):
        """A temporary folder."""
        with tempfile.TemporaryDirectory(prefix="sealog-lint-") as folder:
            yield Path(folder)


def difference(old, new):
    """Two texts as a short diff."""
    import difflib

    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), "file", "now", lineterm=""))
    return "\n".join(lines[:60])
