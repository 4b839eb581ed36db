# SPDX-License-Identifier: Apache-2.0
"""Self-tests for boards: the core with its own vectors, pins and clock."""
