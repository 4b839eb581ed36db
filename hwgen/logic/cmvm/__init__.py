# SPDX-License-Identifier: Apache-2.0
"""Adder graphs: constant matrix times vector (CMVM) by shared additions."""
