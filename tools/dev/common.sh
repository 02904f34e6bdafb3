# shellcheck shell=bash
# Shared by the scripts of ./dev: where things are, what must be installed, how to build.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
python=/usr/bin/python3 # Debian's own: the one that python3-pytest and python3-pymysql belong to
presets="release debug asan tsan fuzz"

say() { printf '==> %s\n' "$*" >&2; }

die() {
    printf './dev: %s\n' "$*" >&2
    exit 1
}

# Prints the comment block at the top of the calling script as its help text.
usage_of() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$1"; }

bad_option() { die "unknown option \"$1\"; see ./dev $2 --help"; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        die "must run \"$*\" as root: run ./dev as root, or install sudo"
    fi
}

wanted_packages() {
    sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$root/tools/packages.txt"
    # Any npm will do. Debian's brings hundreds of packages, so it is the last resort.
    command -v npm >/dev/null || echo npm
}

missing_packages() {
    local package
    local -A installed=()
    while read -r package; do
        installed[$package]=1
    done < <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p')
    for package in $(wanted_packages); do
        [ -n "${installed[$package]:-}" ] || echo "$package"
    done
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -qq -y "$@"
}

# Packages with daemons must not start them: a server on the default port is of no use here.
install_packages() (
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'as_root rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    apt_get update
    apt_get install --no-install-recommends "$@"
)

require_packages() {
    command -v apt-get >/dev/null ||
        die "set-up needs Debian 12 with apt-get; the packages are listed in tools/packages.txt"
    local missing
    mapfile -t missing < <(missing_packages)
    [ "${#missing[@]}" -gt 0 ] || return 0
    say "installing Debian packages: ${missing[*]}"
    install_packages "${missing[@]}" >&2
}

testbed() { PYTHONPATH="$root/tests" "$python" -m testbed "$@"; }

# Fetches the server trees of the given kinds into the cache.
require_servers() { testbed prepare "$@"; }

known_preset() {
    case " $presets " in
        *" $1 "*) ;;
        *) die "unknown preset \"$1\"; there are: $presets" ;;
    esac
}

# Parallel compilers: one per core, but not more than memory can hold (a gRPC or Asio file takes about 1 GiB).
compile_jobs() {
    local cores memory
    cores=$(nproc)
    memory=$(awk '/^MemAvailable:/ {print int($2 / 1048576)}' /proc/meminfo)
    [ "$memory" -ge 1 ] || memory=1
    echo "${DM_JOBS:-$((cores < memory ? cores : memory))}"
}

# build_preset PRESET [TARGET...]
build_preset() {
    local preset=$1
    shift
    export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$root}
    export CCACHE_NOHASHDIR=1
    export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros}
    (
        cd "$root" || exit
        if [ ! -e "build/$preset/build.ninja" ]; then
            say "configuring build/$preset"
            cmake --preset "$preset" >&2
        fi
        say "building build/$preset"
        if [ $# -gt 0 ]; then
            cmake --build "build/$preset" --parallel "$(compile_jobs)" --target "$@" >&2
        else
            cmake --build "build/$preset" --parallel "$(compile_jobs)" >&2
        fi
    )
}
