# SPDX-License-Identifier: Apache-2.0
"""Keras and QKeras layers and quantizers, converted to integer operations."""
