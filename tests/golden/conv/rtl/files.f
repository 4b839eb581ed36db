// SPDX-License-Identifier: LicenseRef-Generated
hwg_conv_pkg.sv
units/hwg_axis_pack.sv
units/hwg_axis_unpack.sv
units/hwg_delay.sv
units/hwg_fifo.sv
units/hwg_flow_buffer.sv
units/hwg_max.sv
units/hwg_requant.sv
units/hwg_stream_check.sv
units/hwg_valid.sv
hwg_conv_conv1.sv
hwg_conv_leaky.sv
hwg_conv_pool.sv
hwg_conv.sv
hwg_conv_axis.sv
