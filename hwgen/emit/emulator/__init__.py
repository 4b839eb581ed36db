# SPDX-License-Identifier: Apache-2.0
"""Emulator: a network as C++ that runs fast on a CPU, behind a plain C interface."""
