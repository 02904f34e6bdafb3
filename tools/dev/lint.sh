#!/usr/bin/env bash
# Usage: ./dev lint [--fix] [--preset PRESET] [CHECK...] [FILE...]
#
# Checks the tree; all checks run even if one fails. CHECK is one or more of
#
#   format   clang-format over src/ (--fix rewrites instead)
#   tidy     clang-tidy, warnings are errors; builds first, since generated headers must exist.
#            Leaves out *_test.cc, *_fuzz.cc and *_bench.cc unless they are named as FILE.
#            Files found clean before are remembered in ~/.cache/dm-lint.
#   arrows   every #include follows the floor plan, cmake/arrows.txt
#   rooms    a README of at most 30 lines in every room, file sizes within budget
#   shell    shellcheck over every bash script
#
# FILE... limits format and tidy to these files and leaves the other checks out.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

fix='' preset=release
checks=() files=()
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help)
            usage_of "$0"
            exit 0
            ;;
        --fix) fix=1 ;;
        --preset)
            preset=${2:?--preset needs a name}
            shift
            ;;
        format | tidy | arrows | rooms | shell) checks+=("$1") ;;
        *)
            [ -f "$1" ] || bad_option "$1" lint
            files+=("$1")
            ;;
    esac
    shift
done
known_preset "$preset"
if [ ${#checks[@]} -eq 0 ]; then
    checks=(format tidy)
    [ ${#files[@]} -gt 0 ] || checks=(format arrows rooms shell tidy)
fi
require_packages

check_format() {
    local mode=(--dry-run -Werror)
    [ -z "$fix" ] || mode=(-i)
    if [ ${#files[@]} -gt 0 ]; then
        clang-format-16 "${mode[@]}" "${files[@]}"
    else
        git -C "$root" ls-files -z --cached --others --exclude-standard -- 'src/*.h' 'src/*.cc' 'tests/*.h' 'tests/*.cc' |
            (cd "$root" && xargs -0 -r clang-format-16 "${mode[@]}")
    fi
}

check_tidy() {
    local sources=() file
    for file in "${files[@]}"; do
        [[ $file != *.cc ]] || sources+=("$file")
    done
    [ ${#files[@]} -eq 0 ] || [ ${#sources[@]} -gt 0 ] || return 0
    [ ${#files[@]} -gt 0 ] || build_preset "$preset"
    "$python" "$root/tools/run_tidy.py" --build "$root/build/$preset" --jobs "$(compile_jobs)" "${sources[@]}"
}

check_arrows() { "$python" "$root/tools/check_arrows.py"; }

check_rooms() { "$python" "$root/tools/check_rooms.py"; }

check_shell() {
    local scripts=() name
    while IFS= read -r name; do
        case $(head -n 1 "$root/$name" | tr -d '\0') in
            '#!'*bash* | '# shellcheck shell=bash') scripts+=("$name") ;;
        esac
    done < <(git -C "$root" ls-files --cached --others --exclude-standard -- dev .ci tools tests bench ':!*.sql' ':!*.py')
    (cd "$root" && shellcheck -x "${scripts[@]}")
}

failed=()
for check in "${checks[@]}"; do
    say "lint: $check"
    "check_$check" || failed+=("$check")
done
[ ${#failed[@]} -eq 0 ] || die "lint found problems in: ${failed[*]}"
say "lint: clean"
