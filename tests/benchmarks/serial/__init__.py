# SPDX-License-Identifier: Apache-2.0
"""Serial designs measured: the dial, what stands beside it, the estimate, and a routed ECP5."""
