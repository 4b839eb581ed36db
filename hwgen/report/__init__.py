# SPDX-License-Identifier: Apache-2.0
"""Reports: figures of a build as text, page and charts."""
