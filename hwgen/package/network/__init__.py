# SPDX-License-Identifier: Apache-2.0
"""Package of a network: the IP core of a build."""
