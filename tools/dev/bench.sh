#!/usr/bin/env bash
# Usage: ./dev bench [--preset PRESET] [decode|copy|sync|lag|tables|all] [--quick] [--out FOLDER]
#        ./dev bench [--preset PRESET] micro [FILTER]
#        ./dev bench [--preset PRESET] SCRIPT
#
# Measures on real servers (all, if nothing is named), prints figures and ratios of one run and writes them as
# CSV files into build/bench or FOLDER; bench/README.md tells what is measured and how. --quick takes small sizes.
# micro runs the programs of build/PRESET/bin/bench whose name contains FILTER. SCRIPT stands for any other
# bench/SCRIPT.py; it is told --bin, --out and the rest of the line. control means control_plane.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

preset=release out=$root/build/bench
words=()
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
        --out)
            out=${2:?--out needs a folder}
            shift
            ;;
        *) words+=("$1") ;;
    esac
    shift
done
known_preset "$preset"
what=${words[0]:-all}
bin=$root/build/$preset/bin
[ "$what" != control ] || what=control_plane
script=$root/bench/$what.py

run_micro() {
    local filter=${words[1]:-} ran=0 program
    for program in "$bin/bench"/*"$filter"*_bench; do
        [ -x "$program" ] || continue
        ran=$((ran + 1))
        say "$(basename "$program")"
        "$program"
    done
    [ "$ran" -gt 0 ] || die "no benchmark matches \"$filter\""
}

require_packages
build_preset "$preset"
if [ "$what" = micro ]; then
    run_micro
elif [ -f "$script" ]; then
    require_servers all
    PYTHONPATH="$root/tests" exec "$python" "$script" --bin "$bin" --out "$out" "${words[@]:1}"
else
    require_servers mariadb10.11
    PYTHONPATH="$root/tests:$root/bench" exec "$python" -m data_path --bin "$bin" --out "$out" "${words[@]}"
fi
