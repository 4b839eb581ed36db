# SPDX-License-Identifier: Apache-2.0
"""Targets: boards and FPGA families, read from boards/."""
