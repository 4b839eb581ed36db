// SPDX-License-Identifier: Apache-2.0
// Properties of hwg_axis_join, read as a part of it: so many samples as batch_i says make a frame.

  logic        f_waits_q, f_known_q;
  logic [31:0] f_batch_q;    // of the frame under way
  logic [31:0] f_samples_q;  // of it that have passed
  logic [DataWidth+DataWidth/8:0] f_beat_q;

  initial assume (!rst_ni);
  always @(posedge clk_i) begin
    f_waits_q <= rst_ni & in_valid_i & ~in_ready_o;
    f_beat_q  <= {in_last_i, in_keep_i, in_data_i};
    f_batch_q <= batch_i;
    f_known_q <= rst_ni;
    // The source keeps a beat, and software the length of a frame.
    if (rst_ni && f_waits_q) assume (in_valid_i && {in_last_i, in_keep_i, in_data_i} == f_beat_q);
    if (f_known_q) assume (batch_i == f_batch_q);
    if (!rst_ni) f_samples_q <= '0;
    else if (sample_o) f_samples_q <= out_last_o ? '0 : f_samples_q + 32'd1;
    if (rst_ni && !$initstate) begin
      assert (in_ready_o == out_ready_i && out_valid_o == in_valid_i && out_data_o == in_data_i);
      assert (sample_o == (in_valid_i & in_ready_o & in_last_i));
      if (f_waits_q) assert (out_valid_o && out_data_o == f_beat_q[DataWidth-1:0]);
      assert (first_q == (f_samples_q == '0));
      if (!first_q) assert (f_samples_q < batch_i && left_q == batch_i - f_samples_q);
      // A frame ends with a sample, and with the last one of its batch.
      if (out_valid_o && out_last_o) assert (in_last_i);
      if (sample_o && out_last_o) assert (batch_i < 32'd2 ? f_samples_q == '0 : f_samples_q + 32'd1 == batch_i);
      if (sample_o && !out_last_o) assert (f_samples_q + 32'd1 < batch_i);
    end
  end
