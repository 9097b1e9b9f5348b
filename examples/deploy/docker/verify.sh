#!/usr/bin/env bash
# An image comes from this repository's release workflow, from the commit that is released, built on a runner of GitHub's: or exit 1.
# Usage: verify.sh REGISTRY/NAME sha256:DIGEST
#   REPOSITORY   OWNER/NAME at GitHub      COMMIT   of the release      GH_TOKEN   reads attestations
set -euo pipefail
if [ $# != 2 ] || ! [[ $2 =~ ^sha256:[0-9a-f]{64}$ ]]; then sed -n '3,4s/^# *//p' "$0" >&2; exit 2; fi
: "${REPOSITORY:?}" "${COMMIT:?}"
gh attestation verify "oci://$1@$2" --repo "$REPOSITORY" --signer-workflow "$REPOSITORY/.github/workflows/release.yml" \
  --source-ref refs/heads/main --source-digest "$COMMIT" --deny-self-hosted-runners --predicate-type https://slsa.dev/provenance/v1
echo "verify.sh: $2 was built from $COMMIT by $REPOSITORY's release workflow"
