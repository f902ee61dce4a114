"""The parts of lint_deploy.py, a file for each kind of file."""
