// SPDX-License-Identifier: LicenseRef-Generated
hwg_dense_pkg.sv
units/hwg_axis_pack.sv
units/hwg_axis_unpack.sv
units/hwg_delay.sv
units/hwg_fifo.sv
units/hwg_flow_buffer.sv
units/hwg_requant.sv
units/hwg_stream_check.sv
units/hwg_valid.sv
hwg_dense_fc1.sv
hwg_dense_relu1.sv
hwg_dense_logits.sv
hwg_dense.sv
hwg_dense_axis.sv
