# SPDX-License-Identifier: Apache-2.0
"""Synthesis: Yosys, nextpnr and vendors' tools on a build."""
