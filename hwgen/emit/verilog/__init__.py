# SPDX-License-Identifier: Apache-2.0
"""Verilog printer of a design."""
