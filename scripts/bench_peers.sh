#!/usr/bin/env bash
# The others that the benches measure beside ours, in a virtual environment of their own: nothing of ours depends on them.
# usage: scripts/bench_peers.sh DIRECTORY
set -euo pipefail
peers=${1:?a directory for the virtual environment}
if [[ -f "$peers/ready" && "$peers/ready" -nt "${BASH_SOURCE[0]}" ]]; then exit 0; fi

# pygeoapi wants Python 3.12; where there is none, the rest is measured without it.
python=""
for name in "${PEER_PYTHON:-}" python3.14 python3.13 python3.12 "$HOME"/.pyenv/versions/3.1[2-9]*/bin/python; do
    if [[ -n "$name" ]] && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
        python=$name
        break
    fi
done
packages=(tipg==1.6.1 uvicorn psycopg2-binary geoalchemy2 igraph==1.0.0 numpy pyarrow)
if [[ -n "$python" ]]; then
    packages+=(pygeoapi==0.24.0 gunicorn)
else
    python=.venv/bin/python
    echo "No Python 3.12 here: pygeoapi is not measured (PEER_PYTHON=/path/to/python3.12 says where one is)."
fi
echo "Peers of the benches into $peers"
rm -rf "$peers"
"$python" -m venv "$peers"
"$peers/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}"
if ! dpkg -s postgresql-15-pgrouting >/dev/null 2>&1; then
    echo "pgRouting is measured where the server has it (Debian 12: apt-get install postgresql-15-pgrouting)."
fi
touch "$peers/ready"
