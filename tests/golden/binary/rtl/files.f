// SPDX-License-Identifier: LicenseRef-Generated
hwg_binary_pkg.sv
units/hwg_axis_pack.sv
units/hwg_axis_unpack.sv
units/hwg_delay.sv
units/hwg_fifo.sv
units/hwg_flow_buffer.sv
units/hwg_stream_check.sv
units/hwg_thresholds.sv
units/hwg_valid.sv
hwg_binary_fc.sv
hwg_binary_norm.sv
hwg_binary_out.sv
hwg_binary.sv
hwg_binary_axis.sv
