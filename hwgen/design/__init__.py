# SPDX-License-Identifier: Apache-2.0
"""Design: what will exist in hardware, as data; its checks."""
