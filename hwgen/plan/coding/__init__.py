# SPDX-License-Identifier: Apache-2.0
"""Coding plans: how the feature maps of a network are coded, within what error."""
