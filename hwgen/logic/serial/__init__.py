# SPDX-License-Identifier: Apache-2.0
"""Digit-serial logic: an adder graph of which every cycle computes some bits of every value."""
