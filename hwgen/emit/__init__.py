# SPDX-License-Identifier: Apache-2.0
"""Emit: printers of a design. Text is made here and nowhere else."""
