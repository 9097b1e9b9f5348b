#!/usr/bin/env bash
# On the host, once, from the stack's user data. Usage: host.sh REGION REPOSITORY_URI KEYS_PARAMETER APP
# Leaves Docker, HAProxy and deploy.sh ready; the first deployment starts the server.
set -euo pipefail
region=$1 repository=$2 parameter=$3 app=$4
here=$(cd "$(dirname "$0")" && pwd)
export AWS_DEFAULT_REGION=$region DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends docker.io amazon-ecr-credential-helper haproxy socat curl python3
systemctl disable --now haproxy  # ours has a unit of its own
# Docker asks the instance's role for the registry's password each time.
mkdir -p /root/.docker
printf '{"credHelpers": {"%s": "ecr-login"}}\n' "${repository%%/*}" > /root/.docker/config.json
printf '{"log-driver": "journald", "live-restore": true}\n' > /etc/docker/daemon.json
systemctl restart docker
umask 027
aws ssm get-parameter --name "$parameter" --with-decryption --query Parameter.Value --output text > /etc/riskflag/keys
# With keys the servers answer nobody without one: the host's smoke test, too.
python3 "$here/host_key.py" /etc/riskflag/keys /etc/riskflag/host.key
chgrp 65532 /etc/riskflag/keys
umask 022
bash "$here/../install.sh"
install -m 755 "$here/metrics.sh" /usr/local/lib/riskflag/
install -m 644 "$here"/riskflag-metrics.* /etc/systemd/system/
printf 'APP=%s\nAWS_DEFAULT_REGION=%s\n' "$app" "$region" > /etc/riskflag/metrics.env
systemctl daemon-reload
systemctl enable --now riskflag-metrics.timer
echo "host.sh: $app is ready for its first deployment"
