// SPDX-License-Identifier: Apache-2.0
// Checkers at both ends, each on its clock, and of both counts.
bind hwg_cdc_fifo hwg_axis_check #(.Width(Width), .Source(0)) i_check_in (
  .clk_i   (in_clk_i),
  .rst_ni  (in_rst_ni),
  .valid_i (in_valid_i),
  .ready_i (in_ready_o),
  .data_i  (in_data_i)
);
bind hwg_cdc_fifo hwg_axis_check #(.Width(Width), .Source(1)) i_check_out (
  .clk_i   (out_clk_i),
  .rst_ni  (out_rst_ni),
  .valid_i (out_valid_o),
  .ready_i (out_ready_i),
  .data_i  (out_data_o)
);
bind hwg_cdc_fifo hwg_gray_check #(.Width(COUNT_WIDTH)) i_check_in_count (
  .clk_i   (in_clk_i),
  .rst_ni  (in_rst_ni),
  .count_i (in_gray_q)
);
bind hwg_cdc_fifo hwg_gray_check #(.Width(COUNT_WIDTH)) i_check_out_count (
  .clk_i   (out_clk_i),
  .rst_ni  (out_rst_ni),
  .count_i (out_gray_q)
);
