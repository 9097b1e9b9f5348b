#!/usr/bin/env bash
# Puts deploy.sh, HAProxy's configuration and the units where a host expects them. Usage: install.sh [ROOT]   (/ unless given)
# Settings that stand already in /etc/riskflag are kept.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
to=${1:-}
install -d "$to"/{usr/local/lib/riskflag,etc/riskflag,etc/systemd/system,var/lib/riskflag,srv/riskflag/models}
install -m 755 "$here/deploy.sh" "$here/smoke.py" "$to/usr/local/lib/riskflag/"
install -m 644 "$here"/systemd/riskflag-* "$to/etc/systemd/system/"
[ -e "$to/etc/riskflag/haproxy.cfg" ] || install -m 644 "$here/haproxy/haproxy.cfg" "$to/etc/riskflag/"
[ -e "$to/etc/riskflag/deploy.conf" ] || printf '# What deploy.sh reads; its first lines list the settings.\nREPOSITORY=\nMODEL_SOURCE=\n' > "$to/etc/riskflag/deploy.conf"
if [ -z "$to" ]; then
  systemctl daemon-reload
  systemctl enable --now riskflag-haproxy.service riskflag-recover.timer
fi
