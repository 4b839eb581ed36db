# SPDX-License-Identifier: Apache-2.0
"""Keras files, read without Keras: architecture, weights, topology."""
