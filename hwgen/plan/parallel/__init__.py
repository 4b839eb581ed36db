# SPDX-License-Identifier: Apache-2.0
"""Parallel realisations: adder graphs and truth tables at interval 1."""
