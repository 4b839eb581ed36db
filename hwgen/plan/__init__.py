# SPDX-License-Identifier: Apache-2.0
"""Plan: graph, board and goal in, design out."""
