// SPDX-License-Identifier: LicenseRef-Generated
hwg_tables_pkg.sv
units/hwg_axis_pack.sv
units/hwg_axis_unpack.sv
units/hwg_delay.sv
units/hwg_fifo.sv
units/hwg_flow_buffer.sv
units/hwg_requant.sv
units/hwg_stream_check.sv
units/hwg_valid.sv
hwg_tables_fc1.sv
hwg_tables_relu1.sv
hwg_tables_logits.sv
hwg_tables.sv
hwg_tables_axis.sv
