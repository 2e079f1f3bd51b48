#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/api/rows/feature_gates.def from the facts. See src/api/feature_gates.h."""
import os

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main():
    out = ["// SPDX-License-Identifier: Apache-2.0",
           "/* Feature gates of 1.36, written by tools/feature_gates.py. */"]
    with open(os.path.join(ROOT, "tools/facts/feature-gates.tsv")) as f:
        for line in f:
            if line.startswith("#"):
                continue
            name, _, now = line.rstrip("\n").split("\t")[:3]
            parts = now.split(":")
            locked = "true" if "locked" in parts[3:] else "false"
            out.append("GATE(%s, %s, %s, %s)" % (name, parts[1], parts[2], locked))
    with open(os.path.join(ROOT, "src/api/rows/feature_gates.def"), "w") as f:
        f.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
