# SPDX-License-Identifier: Apache-2.0
"""Heaps of bits: sums of single bits and gated bits, as carry chains of three operands."""
