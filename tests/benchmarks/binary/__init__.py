# SPDX-License-Identifier: Apache-2.0
"""Binary layers of constant weights, and folded binary units, in synthesis beside others."""
