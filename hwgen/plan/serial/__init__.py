# SPDX-License-Identifier: Apache-2.0
"""Serial realisations: adder graphs that take a digit of every value a cycle."""
