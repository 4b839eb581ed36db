// SPDX-License-Identifier: Apache-2.0
// Checkers at both ends; what comes goes on in the same cycle.
bind hwg_axis_split hwg_axis_check #(.Width(DataWidth + DataWidth / 8 + 1), .Source(0)) i_check_in (
  .clk_i   (clk_i),
  .rst_ni  (rst_ni),
  .valid_i (in_valid_i),
  .ready_i (in_ready_o),
  .data_i  ({in_last_i, in_keep_i, in_data_i})
);
bind hwg_axis_split hwg_axis_check #(.Width(DataWidth + DataWidth / 8 + 1), .Source(1), .Quiet(0)) i_check_out (
  .clk_i   (clk_i),
  .rst_ni  (rst_ni),
  .valid_i (out_valid_o),
  .ready_i (out_ready_i),
  .data_i  ({out_last_o, out_keep_o, out_data_o})
);
