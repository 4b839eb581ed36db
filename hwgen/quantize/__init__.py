# SPDX-License-Identifier: Apache-2.0
"""Post-training quantization: a float Keras model and calibration data in, number formats out."""
