# shellcheck shell=bash
# Builds a server of the tests from source with Go, pinned, once. Sourced after env.sh, never run.

# Prints the binary: `go_tool NAME VERSION PACKAGE MINUTES`. PACKAGE's last part is the name that `go install` gives it.
go_tool() {
  local name="$1" version="$2" package="$3" minutes="$4"
  local binary="$SEALOG_TOOLS/bin/$name-$version"
  lock "$name"
  if [ ! -x "$binary" ]; then
    command -v go >/dev/null || apt_install golang-go
    # From 1.21 on, Go fetches the newer Go that a module asks for by itself.
    local go_version building
    go_version="$(go env GOVERSION 2>/dev/null)"
    [ "$(printf 'go1.21\n%s\n' "$go_version" | sort -V | head -n1)" = "go1.21" ] ||
      die "${go_version:-go} is too old to build $name, a server of the tests; Go 1.21 or newer is needed" \
        "install it from https://go.dev/dl/ and put it first on PATH, then run make again"
    say "building $name $version (about $minutes minutes, once)"
    building="$(mktemp -d "$SEALOG_TOOLS/$name.XXXXXX")"
    CGO_ENABLED=0 GOFLAGS="" GOBIN="$building" nice go install -trimpath -ldflags "-s -w" "$package@v$version" || {
      rm -rf "$building"
      die "go install of $name v$version failed" "check that the Go module proxy (go env GOPROXY) can be reached, then run make again"
    }
    mv "$building"/* "$binary"
    rm -rf "$building"
  fi
  printf '%s\n' "$binary"
}
