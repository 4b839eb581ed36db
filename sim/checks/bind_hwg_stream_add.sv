// SPDX-License-Identifier: Apache-2.0
// Checkers at all three ends.
bind hwg_stream_add hwg_axis_check #(.Width(Lanes*AWidth), .Source(0)) i_check_a (
  .clk_i   (clk_i),
  .rst_ni  (rst_ni),
  .valid_i (a_valid_i),
  .ready_i (a_ready_o),
  .data_i  (a_data_i)
);
bind hwg_stream_add hwg_axis_check #(.Width(Lanes*BWidth), .Source(0)) i_check_b (
  .clk_i   (clk_i),
  .rst_ni  (rst_ni),
  .valid_i (b_valid_i),
  .ready_i (b_ready_o),
  .data_i  (b_data_i)
);
bind hwg_stream_add hwg_axis_check #(.Width(Lanes*OutWidth), .Source(1)) i_check_out (
  .clk_i   (clk_i),
  .rst_ni  (rst_ni),
  .valid_i (out_valid_o),
  .ready_i (out_ready_i),
  .data_i  (out_data_o)
);
