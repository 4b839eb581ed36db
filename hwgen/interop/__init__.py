# SPDX-License-Identifier: Apache-2.0
"""Interoperation: hls4ml beside hwgen."""
