// SPDX-License-Identifier: Apache-2.0
// Checkers at both ends.
bind hwg_stream_requant hwg_axis_check #(.Width(Lanes*InWidth), .Source(0)) i_check_in (
  .clk_i   (clk_i),
  .rst_ni  (rst_ni),
  .valid_i (in_valid_i),
  .ready_i (in_ready_o),
  .data_i  (in_data_i)
);
bind hwg_stream_requant hwg_axis_check #(.Width(Lanes*OutWidth), .Source(1)) i_check_out (
  .clk_i   (clk_i),
  .rst_ni  (rst_ni),
  .valid_i (out_valid_o),
  .ready_i (out_ready_i),
  .data_i  (out_data_o)
);
