#!/usr/bin/env bash
# Usage: ./dev fuzz [--seconds N] [FILTER]
#
# Builds the preset fuzz (clang-16, libFuzzer, address and undefined behaviour) and runs every fuzzer of
# build/fuzz/bin/fuzz whose name contains FILTER for N seconds (default 60). New inputs are kept in
# build/fuzz/corpus/NAME; inputs that crash are written to build/fuzz/crashes and end the run with status 1.
# Committed inputs are in tests/fixtures/fuzz/; every build but this one replays them as tests.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

seconds=60
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help)
            usage_of "$0"
            exit 0
            ;;
        --seconds)
            seconds=${2:?--seconds needs a number}
            shift
            ;;
        -*) bad_option "$1" fuzz ;;
        *) break ;;
    esac
    shift
done
filter=${1:-}
require_packages
build_preset fuzz fuzzers

crashes=$root/build/fuzz/crashes
mkdir -p "$crashes"
ran=0 status=0
for program in "$root/build/fuzz/bin/fuzz"/*"$filter"*_fuzz; do
    [ -x "$program" ] || continue
    ran=$((ran + 1))
    name=$(basename "$program")
    corpus=$root/build/fuzz/corpus/$name
    mkdir -p "$corpus"
    seeds=()
    [ ! -d "$root/tests/fixtures/fuzz/${name%_fuzz}" ] || seeds=("$root/tests/fixtures/fuzz/${name%_fuzz}")
    say "$name for $seconds s"
    "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$crashes/$name-" "$corpus" "${seeds[@]}" || status=1
done
[ "$ran" -gt 0 ] || die "no fuzzer matches \"$filter\""
exit "$status"
