# SPDX-License-Identifier: Apache-2.0
"""Verification: simulators, compiled RTL, vectors, self-check."""
