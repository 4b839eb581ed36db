// SPDX-License-Identifier: Apache-2.0
// Properties of hwg_stream_concat, read as a part of it: words of one source leave, as many as it has a
// round, then those of the next; the others wait.

  logic [31:0]      f_source_q;  // whose words leave
  logic [31:0]      f_left_q;    // that have left in this round
  logic             f_waits_q;   // a word was offered and not taken
  logic [Width-1:0] f_out_q;
  wire              f_mine = in_valid_i[f_source_q];
  wire              f_end  = f_left_q == Counts[f_source_q*32 +: 32] - 1;

  initial assume (!rst_ni);
  always @(posedge clk_i) begin
    f_waits_q <= rst_ni & out_valid_o & ~out_ready_i;
    f_out_q   <= out_data_o;
    if (!rst_ni) begin
      f_source_q <= '0;
      f_left_q   <= '0;
    end else if (f_mine && out_ready_i) begin
      f_left_q <= f_end ? '0 : f_left_q + 1;
      if (f_end) f_source_q <= (f_source_q == Sources - 1) ? '0 : f_source_q + 1;
    end
    // A source keeps its word until that is taken.
    if (rst_ni && f_waits_q) assume (f_mine && in_data_i[f_source_q*Width +: Width] == f_out_q);
    if (rst_ni && !$initstate) begin
      assert (f_source_q < Sources);
      assert (f_left_q < Counts[f_source_q*32 +: 32]);
      assert (turn_q == Sources'(1) << f_source_q);
      assert (32'(left_q) == f_left_q);
      assert (out_valid_o == f_mine);
      for (int i = 0; i < Sources; i = i + 1) begin
        assert (in_ready_o[i] == (out_ready_i && f_source_q == i));
      end
      if (out_valid_o) assert (out_data_o == in_data_i[f_source_q*Width +: Width]);
      if (f_waits_q) assert (out_valid_o && out_data_o == f_out_q);
    end
  end
