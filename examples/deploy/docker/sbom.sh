#!/bin/sh
# The bill of materials, SPDX 2.3: which packages of the system are in PROGRAM, told from the files that the compiler and the linker
# read. Usage: sbom.sh PROGRAM VERSION < FILES > sbom.spdx.json; SOURCE_DATE_EPOCH: its time.
set -eu
program=$1 version=$2
list=$(mktemp)
trap 'rm -f "$list" "$list.files"' EXIT
# dpkg knows a file by the path in its package: with or without /usr, and never with "..".
while read -r file; do
  if [ -e "$file" ]; then realpath "$file"; fi
done | grep -vE '^/(src|build)/' | sort -u > "$list.files"
{ cat "$list.files"; sed -n 's|^/usr/lib|/lib|p' "$list.files"; } | xargs dpkg -S 2> /dev/null |
  sed -n 's/^\([a-z0-9.+-]*\)\(:[a-z0-9]*\)\{0,1\}: .*/\1/p' | sort -u > "$list"
[ -s "$list" ] || { echo "sbom.sh: no package has any of these files" >&2; exit 1; }
# shellcheck disable=SC2016
digest=$(xargs dpkg-query -W -f '${Package} ${Version} ${Architecture}\n' < "$list" | sort | sha256sum | cut -c1-32)
created=$(date -u -d "@${SOURCE_DATE_EPOCH:-0}" +%Y-%m-%dT%H:%M:%SZ)
cat <<HEAD
{
 "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "riskflag-$version",
 "documentNamespace": "urn:riskflag:sbom:$version:$digest",
 "creationInfo": {"created": "$created", "creators": ["Tool: riskflag-sbom.sh-$version"]},
 "packages": [
  {"SPDXID": "SPDXRef-riskflag", "name": "riskflag", "versionInfo": "$version", "downloadLocation": "NOASSERTION", "filesAnalyzed": false,
   "licenseConcluded": "MIT", "licenseDeclared": "MIT", "copyrightText": "NOASSERTION", "comment": "$program"}
HEAD
# shellcheck disable=SC2016
xargs dpkg-query -W -f '${Package} ${Version} ${Architecture} ${source:Package} ${source:Version}\n' < "$list" | sort -u | while read -r package number architecture source source_version; do
  cat <<ENTRY
  ,{"SPDXID": "SPDXRef-deb-$(echo "$package" | tr '+' '.')", "name": "$package", "versionInfo": "$number", "downloadLocation": "NOASSERTION", "filesAnalyzed": false,
   "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION", "sourceInfo": "built from Debian's source package $source $source_version",
   "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:deb/debian/$(echo "$package" | sed 's/+/%2B/g')@$(echo "$number" | sed 's/:/%3A/; s/+/%2B/g')?arch=$architecture"}]}
ENTRY
done
cat <<'TAIL'
 ],
 "relationships": [
  {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-riskflag"}
TAIL
while read -r package; do
  echo "  ,{\"spdxElementId\": \"SPDXRef-riskflag\", \"relationshipType\": \"CONTAINS\", \"relatedSpdxElement\": \"SPDXRef-deb-$(echo "$package" | tr '+' '.')\"}"
done < "$list"
printf ' ]\n}\n'
