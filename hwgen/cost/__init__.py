# SPDX-License-Identifier: Apache-2.0
"""Cost: what a design takes and how fast it is, by models calibrated on synthesis."""
