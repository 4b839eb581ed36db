# SPDX-License-Identifier: Apache-2.0
"""Verbs as library functions: one module a verb, and what verbs share."""
