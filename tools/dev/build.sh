#!/usr/bin/env bash
# Usage: ./dev build [PRESET] [TARGET...]
#
# Builds into build/PRESET; programs are in build/PRESET/bin. Presets: release (default), debug,
# asan (address and undefined behaviour), tsan (threads), fuzz (clang, libFuzzer).
# DM_JOBS=N sets the number of parallel compilers.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case ${1:-} in
    -h | --help)
        usage_of "$0"
        exit 0
        ;;
    -*) bad_option "$1" build ;;
esac
preset=${1:-release}
[ $# -eq 0 ] || shift
known_preset "$preset"
require_packages
build_preset "$preset" "$@"
