# SPDX-License-Identifier: Apache-2.0
"""HLS C++: the second printer of a design, beside `emit.verilog`."""
