// SPDX-License-Identifier: Apache-2.0
// Properties of hwg_narrow, read as a part of it: every part of every word once, and in order.

  logic [31:0]            f_taken_q;  // narrow words of this group that have been taken
  logic                   f_in_waits_q, f_out_waits_q;
  logic [Parts*Width-1:0] f_in_q;
  logic [Width-1:0]       f_out_q;
  wire  [31:0]            f_part = f_taken_q % Parts;
  wire  [31:0]            f_low  = f_part * Width;

  initial assume (!rst_ni);
  always @(posedge clk_i) begin
    f_in_waits_q  <= rst_ni & in_valid_i & ~in_ready_o;
    f_out_waits_q <= rst_ni & out_valid_o & ~out_ready_i;
    f_in_q        <= in_data_i;
    f_out_q       <= out_data_o;
    if (!rst_ni)                        f_taken_q <= '0;
    else if (out_valid_o & out_ready_i) f_taken_q <= (f_taken_q == Count - 1) ? '0 : f_taken_q + 1;
    if (rst_ni && f_in_waits_q) assume (in_valid_i && in_data_i == f_in_q);
    if (rst_ni && !$initstate) begin
      assert (f_taken_q < Count);
      assert (32'(gen_parts.part_q) == f_part);
      if (REST != Parts) assert (gen_parts.final_word == (f_taken_q >= (WORDS - 1) * Parts));
      assert (out_valid_o == in_valid_i);
      if (in_valid_i) assert (out_data_o == Width'(in_data_i >> f_low));
      assert (in_ready_o == (out_ready_i & ((f_part == Parts - 1) | (f_taken_q == Count - 1))));
      if (f_out_waits_q) assert (out_valid_o && out_data_o == f_out_q);
    end
  end
