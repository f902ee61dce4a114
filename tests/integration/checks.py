"""Counts what a suite checked, and says it in the form that `make test` adds up.

A suite ends with a line `N passed, N failed`, alone, and with exit code 1 if anything failed.
"""

import sys
import traceback
import unittest


class Checks:
    """One suite's checks. `check` records a fact; `section` turns an exception into a failure with its traceback."""

    def __init__(self, suite):
        self.suite = suite
        self.passed = 0
        self.failed = 0

    def check(self, name, good, detail=""):
        """Records one check; `detail` (text or a function giving it) is printed only when it failed."""
        if good:
            self.passed += 1
            print(f"ok      {self.suite}: {name}", flush=True)
        else:
            self.failed += 1
            detail = detail() if callable(detail) else detail
            print(f"FAILED  {self.suite}: {name}\n{indented(detail)}", flush=True)
        return good

    def equal(self, name, got, want):
        """Records whether two values are equal."""
        return self.check(name, got == want, lambda: f"got:  {shortened(got)}\nwant: {shortened(want)}")

    def section(self, name):
        """Context: an exception inside counts as one failed check, and does not stop what follows."""
        return _Section(self, name)

    def finish(self):
        """Prints the closing line; gives the exit code. A suite that checked nothing has failed."""
        if self.passed + self.failed == 0:
            self.check("checks something", False, "no check ran")
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed else 0


class _Section:
    def __init__(self, checks, name):
        self.checks, self.name = checks, name

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None or not issubclass(kind, Exception):
            return False
        self.checks.check(self.name, False, "".join(traceback.format_exception(kind, error, trace)))
        return True


def indented(text):
    """The text, each line moved in."""
    return "\n".join("        " + line for line in str(text).splitlines())


def shortened(value, most=2000):
    """A value's text, its middle left out when it is long."""
    text = repr(value)
    return text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 2 :]}"


def run_unittest(module):
    """Runs the unittest cases of `module` (a name); prints the closing line; exits."""
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=1).run(
        unittest.defaultTestLoader.loadTestsFromModule(sys.modules[module])
    )
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    # A skipped test counts as failed: this project has none.
    failed += len(result.skipped)
    if result.testsRun == 0:
        failed += 1
    print(f"{max(0, result.testsRun - failed)} passed, {failed} failed", flush=True)
    sys.exit(1 if failed else 0)
