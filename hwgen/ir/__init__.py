# SPDX-License-Identifier: Apache-2.0
"""Intermediate representation: number format, tensor type, graph, names."""
