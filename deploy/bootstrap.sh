#!/usr/bin/env bash
# bootstrap.sh run|test: installs what is missing, and only that; with everything there it needs no network.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:?usage: bootstrap.sh run|test}
stamp=.venv/hotline-installed

say() { echo "==> $*"; }
fail() { echo "$*" >&2; exit 1; }
quietly() {
  local log
  log=$(mktemp)
  "$@" >"$log" 2>&1 || { tail -n 15 "$log" >&2; rm -f "$log"; return 1; }
  rm -f "$log"
}
digest() { sha256sum "$1" | cut -d' ' -f1; }

# Packages whose command is missing: each argument is COMMAND:PACKAGE.
missing_packages() {
  local pair
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null || compgen -G "/usr/lib/postgresql/*/bin/${pair%%:*}" >/dev/null || echo "${pair##*:}"
  done
}

install_packages() {
  [ $# -gt 0 ] || return 0
  [ -e /etc/debian_version ] || fail "missing: $*. Installing them needs Debian; or run: docker compose up"
  [ "$(id -u)" = 0 ] || fail "missing: $*. Installing them needs root; or run: docker compose up"
  say "installing $*"
  export DEBIAN_FRONTEND=noninteractive
  # The tests start servers of their own: those of the packages must not start (policy-rc.d(8) of invoke-rc.d).
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap "rm -f $policy" EXIT
  fi
  local apt=(apt-get install -y --no-install-recommends "$@")
  "${apt[@]}" >/dev/null 2>&1 || { quietly apt-get update && quietly "${apt[@]}"; } || fail "apt-get could not install: $*"
}

make_venv() {
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "python3 must be 3.11 or newer"
  python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv
  say "making .venv"
  python3 -m venv --clear .venv
}

install_python_packages() {
  local lock=$1
  # A development environment holds all that running needs.
  if ! grep -qsx "$(digest "requirements/$lock.lock")" "$stamp"; then
    say "installing the locked Python packages ($lock)"
    quietly .venv/bin/python -m pip install --require-hashes -r "requirements/$lock.lock"
    : >"$stamp"
    [ "$lock" = run ] || digest requirements/dev.lock >>"$stamp"
    digest requirements/run.lock >>"$stamp"
  fi
  if ! grep -qsx "$(digest pyproject.toml)" "$stamp"; then
    quietly .venv/bin/python -m pip install --no-deps --no-build-isolation -e .
    digest pyproject.toml >>"$stamp"
  fi
}

mkdir -p var
.venv/bin/python -c '' 2>/dev/null || make_venv
if [ "$purpose" = test ]; then
  mapfile -t wanted < <(missing_packages redis-server:redis-server postgres:postgresql chromium:chromium espeak-ng:espeak-ng)
  install_packages "${wanted[@]}"
  install_python_packages dev
else
  # Without it the prompts are English stock sounds; that is no reason not to run.
  command -v espeak-ng >/dev/null || (install_packages espeak-ng) || say "going on without espeak-ng"
  install_python_packages run
fi
if ! .venv/bin/python deploy/build_web.py; then
  [ "$purpose" = run ] || fail "the web pages could not be built"
  say "going on without the phone in the page"
fi
.venv/bin/python - <<'PYTHON'
import sys

from telephony.asterisk.root import RootUnavailable, build_root, own_asterisk

try:
    own_asterisk() or build_root(report=lambda line: print("==>", line, flush=True))
except RootUnavailable as error:
    sys.exit(str(error))
PYTHON
