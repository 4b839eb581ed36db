# SPDX-License-Identifier: Apache-2.0
"""Packages: a core in the formats of other tools."""
