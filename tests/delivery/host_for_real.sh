#!/usr/bin/env bash
# Runs the stack's user data as root on this machine, whose files stay as they are: in a mount namespace, what it writes goes to a tmpfs.
# Usage: unshare --mount host_for_real.sh USER_DATA SHIMS; SHIMS: stand-ins for aws, apt-get, systemctl and snap. Prints what came of it.
set -euo pipefail
mount --make-rprivate /
layers=$2/layers
mkdir -p "$layers"
mount -t tmpfs tmpfs "$layers"
for folder in /etc /opt /usr/local /var/lib /srv /root; do
  mkdir -p "$layers$folder/upper" "$layers$folder/work"
  mount -t overlay overlay -o "lowerdir=$folder,upperdir=$layers$folder/upper,workdir=$layers$folder/work" "$folder"
done
PATH=$2:$PATH bash "$1"
/usr/local/lib/riskflag/deploy.sh status 2>&1 || true
# The unit's own first steps.
sed -n 's/^ExecStartPre=//p' /etc/systemd/system/riskflag-haproxy.service > "$layers/before"
bash -e "$layers/before"
stat -c '%a %g %n' /etc/riskflag/keys /etc/riskflag/host.key
cat /etc/riskflag/keys /etc/riskflag/deploy.conf /etc/riskflag/metrics.env /root/.docker/config.json
find /usr/local/lib/riskflag /etc/systemd/system -name '*riskflag*' -o -path '/usr/local/lib/riskflag/*' | sort
