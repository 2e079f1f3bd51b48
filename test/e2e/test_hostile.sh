#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Floods and bombs over real sockets (hostile.py): others are served meanwhile, memory is bounded.
#     test/e2e/test_hostile.sh [NAME]     only attacks whose names contain NAME
. "$(dirname "$0")/lib.sh"
dev_start
port=${url##*:}
api=$(ss -Hltnp "sport = :$port" | sed -n 's/.*pid=\([0-9]*\).*/\1/p' | head -n 1)
[ -n "$api" ] || give_up "the API server is found"
python3 test/e2e/hostile.py 127.0.0.1 "$port" "$work/client-certificate.pem" "$work/client-key.pem" \
    "$work/certificate-authority.pem" "$api" "${1:-}"
