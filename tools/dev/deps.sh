#!/usr/bin/env bash
# Usage: ./dev deps [--packages | --servers KIND...]
#
# Installs the Debian packages of tools/packages.txt (apt-get, as root or through sudo) and fetches the
# database servers that Debian 12 does not have into ~/.cache/dm-testbed. What is there is skipped.
#
#   --packages         only the Debian packages
#   --servers KIND...  only these servers: mariadb10.11 mariadb11.8 mysql9.7 mysql5.6 etcd, or "all"
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case ${1:-} in
    -h | --help) usage_of "$0" ;;
    --packages) require_packages ;;
    --servers)
        shift
        require_packages
        require_servers "$@"
        ;;
    '')
        require_packages
        require_servers all
        ;;
    *) bad_option "$1" deps ;;
esac
