// SPDX-License-Identifier: Apache-2.0
// Properties of hwg_skid, read as a part of it: words leave in order, none lost, none doubled.

  wire       f_push  = in_valid_i & in_ready_o;
  wire       f_pop   = out_valid_o & out_ready_i;
  wire [1:0] f_count = {1'b0, valid_q} + {1'b0, ~free_q};  // words inside

  // One word, any: its data, and whether one is in front of it.
  (* anyseq *) wire f_pick;
  logic             f_live_q, f_front_q;
  logic [Width-1:0] f_data_q;
  logic [1:0]       f_inside_q;
  logic             f_waits_q;
  logic [Width-1:0] f_offered_q;

  initial assume (!rst_ni);
  always @(posedge clk_i) begin
    f_waits_q   <= rst_ni & out_valid_o & ~out_ready_i;
    f_offered_q <= out_data_o;
    if (!rst_ni) begin
      f_live_q   <= 1'b0;
      f_inside_q <= '0;
    end else begin
      f_inside_q <= f_inside_q + 2'(f_push) - 2'(f_pop);
      if (f_push && f_pick && !f_live_q) begin
        f_live_q  <= 1'b1;
        f_data_q  <= in_data_i;
        f_front_q <= (f_count - 2'(f_pop)) != '0;
      end else if (f_live_q && f_pop) begin
        f_live_q  <= f_front_q;
        f_front_q <= 1'b0;
      end
    end
    if (rst_ni && !$initstate) begin
      assert (valid_q || free_q);  // nothing is kept aside behind an empty output
      assert (f_inside_q == f_count);
      assert (in_ready_o == (f_count < 2'd2));
      if (f_live_q) assert (2'(f_front_q) < f_count);
      if (f_live_q) assert ((f_front_q ? side_q : data_q) == f_data_q);
      if (f_live_q && !f_front_q && f_pop) assert (out_data_o == f_data_q);
      if (f_waits_q) assert (out_valid_o && out_data_o == f_offered_q);
    end
  end
