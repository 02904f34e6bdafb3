#!/usr/bin/env bash
# Usage: ./dev test [--preset PRESET] [--unit | --e2e] [-k EXPR] [-- PYTEST-OPTIONS...]
#
# Builds, runs the unit tests (ctest, and pytest over tests/tools), then the end-to-end tests on real
# servers (pytest over tests/e2e). The last line counts what passed and failed.
#
#   --preset PRESET  what to build and test: release (default), debug, asan, tsan
#   --unit, --e2e    only that half
#   -k EXPR          only end-to-end tests whose name matches (pytest's -k)
#
# DM_SEED=N replays the random choices of a run that printed this seed.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

preset=release unit=1 e2e=1
pytest_options=()
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help)
            usage_of "$0"
            exit 0
            ;;
        --preset)
            preset=${2:?--preset needs a name}
            shift
            ;;
        --unit) e2e='' ;;
        --e2e) unit='' ;;
        -k)
            unit=''
            pytest_options+=(-k "${2:?-k needs an expression}")
            shift
            ;;
        --)
            shift
            pytest_options+=("$@")
            break
            ;;
        *) bad_option "$1" test ;;
    esac
    shift
done
[ -n "$unit$e2e" ] || die "--unit and --e2e exclude each other"
known_preset "$preset"

require_packages
[ -z "$e2e" ] || require_servers all
build_preset "$preset"

export TSAN_OPTIONS=${TSAN_OPTIONS:-suppressions=$root/tools/tsan_suppressions.txt}

results=$root/build/$preset/test-results
rm -rf "$results"
mkdir -p "$results"
status=0

run_pytest() { # NAME FOLDER [OPTION...]
    local name=$1 folder=$2
    shift 2
    say "pytest $folder"
    (cd "$root" && DM_PRESET=$preset "$python" -m pytest -c tests/pytest.ini --rootdir "$root" \
        --junitxml "$results/$name.xml" "$@" "$folder") || status=1
}

if [ -n "$unit" ]; then
    say "unit tests of build/$preset"
    ctest --test-dir "$root/build/$preset" --output-on-failure --no-tests=error --parallel "$(compile_jobs)" \
        --timeout 300 --output-junit "$results/unit.xml" || status=1
    run_pytest tools tests/tools
fi
[ -z "$e2e" ] || run_pytest e2e tests/e2e "${pytest_options[@]}"

"$python" "$root/tools/test_summary.py" "$results" || status=1
exit "$status"
