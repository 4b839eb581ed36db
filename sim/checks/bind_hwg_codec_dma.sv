// SPDX-License-Identifier: Apache-2.0
// Checkers at both streams of values.
bind hwg_codec_dma hwg_axis_check #(.Width(Lanes * Word + 1), .Source(0)) i_check_in (
  .clk_i   (clk_i),
  .rst_ni  (rst_ni),
  .valid_i (s_values_valid_i),
  .ready_i (s_values_ready_o),
  .data_i  ({s_values_last_i, s_values_data_i})
);
bind hwg_codec_dma hwg_axis_check #(.Width(Lanes * Word + CountWidth + 3), .Source(1)) i_check_out (
  .clk_i   (clk_i),
  .rst_ni  (rst_ni),
  .valid_i (m_values_valid_o),
  .ready_i (m_values_ready_i),
  .data_i  ({m_values_last_o, m_values_fault_o, m_values_block_o, m_values_count_o, m_values_data_o})
);
