# SPDX-License-Identifier: Apache-2.0
"""Units: facts about the hand-written modules of rtl/."""
