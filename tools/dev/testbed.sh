#!/usr/bin/env bash
# Usage: ./dev testbed start KIND... | stop [KIND | NAME]... | list | prepare KIND...
#
# Real servers on 127.0.0.1, each with a free port and a data folder of its own.
# Kinds: mariadb10.11 mariadb11.8 mysql9.7 mysql5.6 etcd
#
#   start     starts one server for each KIND named (the same kind may be named twice)
#   stop      stops the named servers, or all of them, and deletes their data
#   list      kind, port, process, data folder and a command line that connects
#   prepare   only fetches the server programs (or all of them: "all") into ~/.cache/dm-testbed
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case ${1:---help} in
    -h | --help)
        usage_of "$0"
        exit 0
        ;;
esac
require_packages
testbed "$@"
