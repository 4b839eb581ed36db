# SPDX-License-Identifier: Apache-2.0
"""Codec: the coder of feature maps in pure numpy, and its wire format."""
