// SPDX-License-Identifier: Apache-2.0
// Checkers at both ends.
bind hwg_bit_planes hwg_axis_check #(.Width(SIMD*AWidth), .Source(0)) i_check_in (
  .clk_i   (clk_i),
  .rst_ni  (rst_ni),
  .valid_i (in_valid_i),
  .ready_i (in_ready_o),
  .data_i  (in_data_i)
);
bind hwg_bit_planes hwg_axis_check #(.Width(PE*OUT_WIDTH), .Source(1)) i_check_out (
  .clk_i   (clk_i),
  .rst_ni  (rst_ni),
  .valid_i (out_valid_o),
  .ready_i (out_ready_i),
  .data_i  (out_data_o)
);
