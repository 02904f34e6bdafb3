#!/usr/bin/env bash
# Usage: ./dev demo [--keep | --stop] [--quick]
#
# Migrates two live databases (MariaDB 10.11 with Sakila, MySQL 9.7 with sysbench tables) into a third
# (MariaDB 10.11) while both are written to, kills a worker in the middle, compares every row and prints
# a table. Takes less than two minutes once everything is built.
#
#   --keep   leave the servers and DM running and say how to talk to them
#   --stop   end what an earlier --keep left running
#   --quick  fewer rows and 5 s of writes after the copy
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case ${1:-} in
    -h | --help)
        usage_of "$0"
        exit 0
        ;;
esac
run_demo() { PYTHONPATH="$root/tests" "$python" "$root/tools/demo.py" --bin "$root/build/release/bin" "$@"; }

require_packages
case ${1:-} in
    --stop) ;;
    *)
        require_servers mariadb10.11 mysql9.7
        build_preset release dm-master dm-worker dmctl
        ;;
esac
run_demo "$@"
