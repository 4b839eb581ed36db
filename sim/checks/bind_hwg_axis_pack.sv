// SPDX-License-Identifier: Apache-2.0
// A checker at the frames.
bind hwg_axis_pack hwg_axis_check #(.Width(DataWidth + DataWidth / 8 + 1), .Source(1)) i_check_out (
  .clk_i   (clk_i),
  .rst_ni  (rst_ni),
  .valid_i (out_valid_o),
  .ready_i (out_ready_i),
  .data_i  ({out_last_o, out_keep_o, out_data_o})
);
