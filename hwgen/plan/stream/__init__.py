# SPDX-License-Identifier: Apache-2.0
"""Realisation of a network as a pipeline of units with valid and ready between them."""
