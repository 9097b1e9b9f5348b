#!/usr/bin/env bash
# Puts a model directory under its digest, which is printed for `deploy.sh deploy current DIGEST`. Usage: publish_model.sh DIR BUCKET
set -euo pipefail
if [ $# != 2 ] || [ ! -e "$1/manifest.json" ]; then echo "usage: publish_model.sh DIR BUCKET; DIR is a model directory" >&2; exit 2; fi
digest=$(sha256sum < "$1/manifest.json" | cut -d' ' -f1)
aws s3 cp --only-show-errors --recursive "$1/" "s3://$2/models/$digest/"
echo "sha256:$digest"
