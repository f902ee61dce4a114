# shellcheck shell=bash
# Where the tests' tools live, and how the setup scripts speak. Sourced, never run.
#
# Everything is kept outside the clone, so that `make clean`, a second clone and CI share one warm cache:
#   SEALOG_TOOLS   tools and virtual environment   (default: ${XDG_CACHE_HOME:-$HOME/.cache}/sealog/tools)
#   SEALOG_VENV    the Python environment          (default: $SEALOG_TOOLS/venv)
# Deleting the folder is always safe: the next `make test` builds it again.

SEALOG_TOOLS="${SEALOG_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/sealog/tools}"
SEALOG_VENV="${SEALOG_VENV:-$SEALOG_TOOLS/venv}"
export SEALOG_TOOLS SEALOG_VENV
mkdir -p "$SEALOG_TOOLS/bin"

say() { printf 'setup: %s\n' "$*" >&2; }

die() {
  printf 'setup: ERROR: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf 'setup:   %s\n' "$line" >&2; done
  exit 1
}

# Installs Debian packages, as root or with sudo; an error with the command to run where neither works.
apt_install() {
  command -v apt-get >/dev/null || die "missing: $* (Debian package names), and there is no apt-get here" \
    "install their equivalents with your package manager, then run make again"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "missing: $*" "run as root: apt-get update && apt-get install -y $*"
    as_root=(sudo)
  fi
  say "installing with apt: $*"
  "${as_root[@]}" apt-get update -qq >&2 || say "apt-get update failed; trying with the lists at hand"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null ||
    die "apt could not install: $*" "try: apt-get update && apt-get install -y $*"
}

# Two `make` runs at once must not install into one place together.
lock() {
  command -v flock >/dev/null || return 0
  exec 9>"$SEALOG_TOOLS/.$1.lock"
  flock 9
}
