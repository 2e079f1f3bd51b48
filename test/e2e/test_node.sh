#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# npm's @kubernetes/client-node against `coxswain dev`. Where no npm registry can be reached this
# fails; script/test --without-npm leaves it out.
said=$(mktemp)
client=$("$(dirname "$0")/../../script/node-client" 2>"$said")
installed=$? # with the user's own npm settings, which lib.sh hides
why=$(cat "$said")
rm -f "$said"
. "$(dirname "$0")/lib.sh"
if [ "$installed" != 0 ]; then
    fail "npm installs the client" "$why"
    finish
fi
dev_start
kubectl_newest
relay node "$client"
dev_stop
finish
