// SPDX-License-Identifier: Apache-2.0
// A checker at the frames.
bind hwg_axis_unpack hwg_axis_check #(.Width(DataWidth + DataWidth / 8 + 1), .Source(0)) i_check_in (
  .clk_i   (clk_i),
  .rst_ni  (rst_ni),
  .valid_i (in_valid_i),
  .ready_i (in_ready_o),
  .data_i  ({in_last_i, in_keep_i, in_data_i})
);
