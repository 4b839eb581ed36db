// SPDX-License-Identifier: Apache-2.0
// Properties of hwg_widen, read as a part of it: every word is in its place of one wide word.

  logic [31:0]            f_taken_q;  // narrow words of this group that have been taken
  logic                   f_in_waits_q, f_out_waits_q;
  logic [Width-1:0]       f_in_q;
  logic [Parts*Width-1:0] f_out_q;
  wire  [31:0]            f_part = f_taken_q % Parts;
  wire                    f_end  = f_part == Parts - 1 || f_taken_q == Count - 1;
  wire                    f_push = in_valid_i & in_ready_o;

  // One word, any, of the wide word that is being filled.
  (* anyseq *) wire f_pick;
  logic             f_live_q;
  logic [31:0]      f_place_q;
  logic [Width-1:0] f_data_q;

  initial assume (!rst_ni);
  always @(posedge clk_i) begin
    f_in_waits_q  <= rst_ni & in_valid_i & ~in_ready_o;
    f_out_waits_q <= rst_ni & out_valid_o & ~out_ready_i;
    f_in_q        <= in_data_i;
    f_out_q       <= out_data_o;
    if (!rst_ni) begin
      f_taken_q <= '0;
      f_live_q  <= 1'b0;
    end else if (f_push) begin
      f_taken_q <= (f_taken_q == Count - 1) ? '0 : f_taken_q + 1;
      if (f_end) f_live_q <= 1'b0;
      else if (f_pick && !f_live_q) begin
        f_live_q  <= 1'b1;
        f_place_q <= f_part;
        f_data_q  <= in_data_i;
      end
    end
    if (rst_ni && f_in_waits_q) assume (in_valid_i && in_data_i == f_in_q);
    if (rst_ni && !$initstate) begin
      assert (f_taken_q < Count);
      assert (32'(gen_parts.part_q) == f_part);
      if (REST != Parts) assert (gen_parts.final_word == (f_taken_q >= (WORDS - 1) * Parts));
      assert (out_valid_o == (in_valid_i & f_end));
      assert (in_ready_o == (out_ready_i | ~f_end));
      if (f_live_q) assert (f_place_q < f_part);
      if (f_live_q) assert (Width'(gen_parts.held_q >> (f_place_q * Width)) == f_data_q);
      if (f_live_q && out_valid_o) assert (Width'(out_data_o >> (f_place_q * Width)) == f_data_q);
      if (out_valid_o) assert (Width'(out_data_o >> (f_part * Width)) == in_data_i);
      if (out_valid_o) assert ((out_data_o >> ((f_part + 1) * Width)) == '0);
      if (f_out_waits_q) assert (out_valid_o && out_data_o == f_out_q);
    end
  end
