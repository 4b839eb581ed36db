// SPDX-License-Identifier: Apache-2.0
// A checker at the output; what comes goes on in the same cycle.
bind hwg_stream_extend hwg_axis_check #(.Width(Lanes*OutWidth), .Source(1), .Quiet(0)) i_check_out (
  .clk_i   (clk_i),
  .rst_ni  (rst_ni),
  .valid_i (out_valid_o),
  .ready_i (out_ready_i),
  .data_i  (out_data_o)
);
