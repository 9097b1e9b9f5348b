#!/usr/bin/env bash
# Puts what host.sh installs where a new host looks for it. Usage: publish_host.sh BUCKET   (the stack's output ModelsBucket)
set -euo pipefail
: "${1:?usage: publish_host.sh BUCKET}"
here=$(cd "$(dirname "$0")/.." && pwd)
for part in deploy.sh smoke.py install.sh aws/{host.sh,host_key.py,metrics.sh,riskflag-metrics.service,riskflag-metrics.timer}; do aws s3 cp --only-show-errors "$here/$part" "s3://$1/host/$part"; done
for part in haproxy systemd; do aws s3 cp --only-show-errors --recursive "$here/$part/" "s3://$1/host/$part/"; done
