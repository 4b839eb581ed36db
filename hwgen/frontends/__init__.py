# SPDX-License-Identifier: Apache-2.0
"""Front ends: readers of model files, which end in an integer graph."""
