# SPDX-License-Identifier: Apache-2.0
"""Logic: the dataflow IR of wires, its evaluation, pipelining and retiming."""
