# SPDX-License-Identifier: Apache-2.0
"""The command line, as ``python -m hwgen.cli``."""

from hwgen.cli import main

if __name__ == "__main__":  # a worker of `hwgen explore` imports this file anew
    main()
