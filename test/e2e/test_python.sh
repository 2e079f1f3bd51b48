#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Debian's python3-kubernetes against `coxswain dev`.
. "$(dirname "$0")/lib.sh"
dev_start
kubectl_newest
relay /usr/bin/python3 test/e2e/clients/client.py
dev_stop
finish
