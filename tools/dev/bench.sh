#!/usr/bin/env bash
# Usage: ./dev bench [--preset PRESET] [FILTER]
#
# Builds (preset release unless told) and runs every program of build/PRESET/bin/bench, then every
# script bench/*_bench.py on real servers. FILTER is a part of a program's or script's name.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

preset=release
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
        -*) bad_option "$1" bench ;;
        *) break ;;
    esac
    shift
done
filter=${1:-}
known_preset "$preset"
require_packages
build_preset "$preset"

ran=0 status=0
for program in "$root/build/$preset/bin/bench"/*"$filter"*_bench; do
    [ -x "$program" ] || continue
    ran=$((ran + 1))
    say "$(basename "$program")"
    "$program" || status=1
done
for script in "$root"/bench/*"$filter"*_bench.py; do
    [ -f "$script" ] || continue
    [ "$ran" -gt 0 ] || require_servers all
    ran=$((ran + 1))
    say "$(basename "$script")"
    PYTHONPATH="$root/tests" "$python" "$script" --bin "$root/build/$preset/bin" || status=1
done
[ "$ran" -gt 0 ] || die "no benchmark matches \"$filter\""
exit "$status"
