# SPDX-License-Identifier: Apache-2.0
"""Exact core of every front end: float32 steps and quantizers turned into integer operations."""
