#!/usr/bin/env bash
# Builds a target of the Dockerfile and, with --push, sends it to its registry; the last line of stdout is the digest there (without
# --push: the image's id), which GITHUB_OUTPUT gets too. Usage: build.sh --target serve|full --tag REPOSITORY:TAG [--push]
#   BUILDER   docker (buildx, the default) or buildah, with its global options, in one string
#   BASE      the base image, by digest in a release; RUNTIME: what `full` stands on, where that is another
#   REVISION, CREATED, SOURCE, SOURCE_DATE_EPOCH: what the labels and the files say
#   BUILD_OPTIONS, PUSH_OPTIONS   further options, in one string each
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
target='' tag='' push=no
while [ $# -gt 0 ]; do
  case $1 in
    --target) target=$2; shift 2 ;;
    --tag) tag=$2; shift 2 ;;
    --push) push=yes; shift ;;
    *) echo "build.sh: unknown argument \"$1\"" >&2; exit 2 ;;
  esac
done
if [ -z "$target" ] || [ -z "$tag" ]; then sed -n '2,3s/^# *//p' "$0" >&2; exit 2; fi
read -ra builder <<< "${BUILDER:-docker}"
read -ra build_options <<< "${BUILD_OPTIONS:-}"
read -ra push_options <<< "${PUSH_OPTIONS:-}"

cd "$root"
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
arguments=(--target "$target" --tag "$tag" --file examples/deploy/docker/Dockerfile
  --build-arg "SOURCE_DATE_EPOCH=$epoch"
  --build-arg "VERSION=$(sed -n 's/.*kVersion = "\(.*\)".*/\1/p' include/riskflag/core/version.hpp)"
  --build-arg "REVISION=${REVISION:-$(git rev-parse HEAD)}"
  --build-arg "CREATED=${CREATED:-$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)}"
  --build-arg "SOURCE=${SOURCE:-unknown}")
if [ "${builder[0]}" = docker ] && [ -z "${BASE:-}" ]; then
  # What the tag means today, written down by its digest.
  BASE=debian:bookworm-slim@$("${builder[@]}" buildx imagetools inspect --format '{{.Manifest.Digest}}' debian:bookworm-slim)
  echo "build.sh: the base is $BASE" >&2
fi
[ -z "${BASE:-}" ] || arguments+=(--build-arg "BASE=$BASE")
[ -z "${RUNTIME:-}" ] || arguments+=(--build-arg "RUNTIME=$RUNTIME")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ "${builder[0]}" = docker ]; then
  output=(--load)
  [ $push = no ] || output=(--push)
  # Attestations of buildx would make the tag an index; provenance is attested for the digest by the workflow.
  "${builder[@]}" buildx build "${arguments[@]}" "${output[@]}" --provenance=false --sbom=false --metadata-file "$work/metadata" "${build_options[@]}" . >&2
  sed -n 's/.*"containerimage.digest": *"\(sha256:[0-9a-f]*\)".*/\1/p' "$work/metadata" > "$work/digest"
else
  # Docker's format keeps HEALTHCHECK, which OCI's drops.
  "${builder[@]}" bud --format docker --ignorefile examples/deploy/docker/Dockerfile.dockerignore --timestamp "$epoch" --iidfile "$work/digest" \
    "${arguments[@]}" "${build_options[@]}" . >&2
  [ $push = no ] || "${builder[@]}" push --digestfile "$work/digest" "${push_options[@]}" "$tag" "docker://$tag" >&2
fi
digest=$(cat "$work/digest")
[[ $digest =~ ^(sha256:)?[0-9a-f]{64}$ ]] || { echo "build.sh: no digest came of it: \"$digest\"" >&2; exit 1; }
[ -z "${GITHUB_OUTPUT:-}" ] || echo "digest=$digest" >> "$GITHUB_OUTPUT"
echo "$digest"
