#!/usr/bin/env bash
# What is handed over: packages, the single header, workflows, the cloud's stack; with --full also the Python package, the image and deployments,
# for which it needs root, and the server's page and the report in a browser. Usage: tests/delivery/run.sh [--full]; prints "N passed, N failed".
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export RISKFLAG_ROOT=$root RISKFLAG_BUILD=${RISKFLAG_BUILD:-$root/build}
work=$RISKFLAG_BUILD-delivery
export DELIVERY_WORK=$work
full=no
case "${1:-}" in
  "") ;;
  --full) full=yes ;;
  *) echo "usage: tests/delivery/run.sh [--full]" >&2; exit 2 ;;
esac
passed=0
failed=0
mkdir -p "$work"

check() {
  local name=$1 began=$SECONDS
  shift
  if "$@" > "$work/log" 2>&1; then
    passed=$((passed + 1))
    echo "ok    $name ($((SECONDS - began)) s)"
  else
    failed=$((failed + 1))
    echo "FAIL  $name"
    tail -n 40 "$work/log"
  fi
}

tools() {  # VENV REQUIREMENTS [PYTHON]
  cmp -s "$here/$2" "$1/installed.txt" && return
  rm -rf "$1"
  "${3:-python3}" -m venv "$1" && "$1/bin/pip" install -q --disable-pip-version-check -r "$here/$2" && cp "$here/$2" "$1/installed.txt"
}

conan_create() (  # on a copy: Conan writes beside the test's source
  rm -rf "$work/conan" && mkdir -p "$work/conan" &&
    git -C "$root" ls-files -z CMakeLists.txt LICENSE cmake include tests/consumers tests/bits | tar -C "$root" --null -T - -cf - | tar -C "$work/conan" -xf - || exit 1
  export CONAN_HOME=$work/conan/home
  cd "$work/conan" && "$work/venv-full/bin/conan" profile detect && "$work/venv-full/bin/conan" create cmake/packaging/conan --no-remote -s compiler.cppstd=20 -c tools.cmake.cmaketoolchain:generator=Ninja
)
# One wheel serves every CPython from 3.12 on: built by the first of them that is here, used in each. Where there is none, by python3 for itself.
pythons() {
  local python found=()
  for python in python3.{12..20} "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.{12..20}.*/bin/python3; do
    "$python" -c 'import sysconfig, venv, ensurepip' 2> /dev/null && found+=("$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2], sys.executable)')")
  done
  [ ${#found[@]} -gt 0 ] || found=("$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2], sys.executable)')")
  printf '%s\n' "${found[@]}" | sort -V -u -k1,1
}
python_package() {  # VENV
  rm -rf "$work/wheel"
  CMAKE_CXX_COMPILER_LAUNCHER=ccache "$1/bin/pip" wheel -v --no-build-isolation --no-deps --disable-pip-version-check -w "$work/wheel" "$root/examples/python" || return 1
  stat -c 'wheel: %s bytes, %n' "$work"/wheel/riskflag-*.whl
  # A warning of the build's own tools is an error: it is the next version's.
  ! grep -iE 'deprecat|SetuptoolsDeprecationWarning' "$work/log" && [ "$(stat -c %s "$work"/wheel/riskflag-*.whl)" -lt 4000000 ]
}
python_package_in_use() {  # VENV
  "$1/bin/pip" install -q --no-deps --force-reinstall --disable-pip-version-check "$work"/wheel/riskflag-*.whl && "$1/bin/python" "$here/python/test_package.py"
}
kubernetes_schemas() {
  local files
  mapfile -t files < <(find "$root/examples/deploy/kubernetes" -name '*.yaml' ! -name kustomization.yaml)
  sed 's/replicas:/replica:/' "$root/examples/deploy/kubernetes/deployment.yaml" > "$work/no_deployment.yaml"
  "$work/venv-full/bin/kubernetes-validate" --strict "${files[@]}" && ! "$work/venv-full/bin/kubernetes-validate" --strict "$work/no_deployment.yaml"
}

if [ $full = yes ]; then check "what the tests need is installed" bash "$root/.ci/install.sh" containers
else check "what the tests need is installed" bash "$root/.ci/install.sh" delivery; fi
check "the tools from the Python registry are installed" tools "$work/venv" requirements.txt
check "what the site is built with is installed" tools "$work/venv-site" requirements-site.txt
python=$work/venv/bin/python
[ $full = no ] || export SITE_DRAW=yes

# shellcheck source=tests/delivery/package.sh
. "$here/package.sh"
for script in "$here"/test_*.py; do
  check "$(basename "$script" .py)" "$python" "$script"
done
if [ $full = yes ]; then
  check "more tools are installed" tools "$work/venv-full" requirements-full.txt
  check "conan create" conan_create
  built=no
  while read -r version interpreter; do
    check "what the Python package needs, for $version" tools "$work/venv-python-$version" requirements-python.txt "$interpreter"
    [ $built = yes ] || check "the Python package: a wheel below 4 MB, by $version" python_package "$work/venv-python-$version"
    [ $built = yes ] || grep '^wheel: ' "$work/log"
    built=yes
    check "the Python package in use, $version" python_package_in_use "$work/venv-python-$version"
  done <<< "$(pythons)"
  check "Kubernetes' own schemas" kubernetes_schemas
  check "the stack, made and changed" "$work/venv-full/bin/python" "$here/deploy/test_moto.py"
  check "the page in a browser" env RISKFLAG_BIN_DIR="$RISKFLAG_BUILD/bin" "$work/venv-full/bin/python" "$root/tests/serve/browser/test_page.py"
  check "the report in a browser" env RISKFLAG_BIN_DIR="$RISKFLAG_BUILD/bin" "$work/venv-full/bin/python" "$root/tests/report/browser/test_report.py"
  check "a Prometheus that looks at a server" "$python" "$here/deploy/test_prometheus.py"
  check "the image" "$python" "$here/deploy/test_image.py"
  grep -E '^(serve|full): ' "$work/log"
  export DELIVERY_ENGINE=podman
fi
# The quick part is what an ordinary day has; dead registries, full disks, kills and power cuts take longer.
some=(-k one_deployment -k must_not -k refused -k signal -k same_again)
[ $full = no ] || some=()
check "deployments" "$python" "$here/deploy/test_deploy.py" "${some[@]}"
grep -E '^[0-9]+ deployments: ' "$work/log"

echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
