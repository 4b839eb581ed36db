# SPDX-License-Identifier: Apache-2.0
"""The command line, as ``python -m hwgen.cli``."""

from hwgen.cli import main

main()
