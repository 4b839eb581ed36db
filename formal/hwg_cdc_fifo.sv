// SPDX-License-Identifier: Apache-2.0
// Properties of hwg_cdc_fifo, read as a part of it, whatever both clocks do: of a count in Gray code one bit
// changes at a time; at most Depth words are inside, so none is overwritten; none is read that is not there.
// Words leave in order then: word n is written to place n, and read from it, modulo Depth.
  (* gclk *) wire           f_time;  // steps between any two edges of the clocks
  logic                     f_first_q = 1'b1;
  logic [COUNT_WIDTH-1:0]   f_in_gray_q, f_out_gray_q;  // counts an edge before

  function automatic logic [COUNT_WIDTH-1:0] f_plain(input logic [COUNT_WIDTH-1:0] gray);
    f_plain[COUNT_WIDTH-1] = gray[COUNT_WIDTH-1];
    for (int i = COUNT_WIDTH - 2; i >= 0; i--) f_plain[i] = f_plain[i+1] ^ gray[i];
  endfunction

  // Words inside: as it is, and as each side sees it through its registers, the newest first.
  wire [COUNT_WIDTH-1:0] f_inside = in_count_q - out_count_q;
  logic [COUNT_WIDTH-1:0] f_out_sees [0:Stages-1];
  logic [COUNT_WIDTH-1:0] f_in_sees [0:Stages-1];
  for (genvar s = 0; s < Stages; s++) begin : f_stage
    assign f_out_sees[s] = f_plain(in_meet_q[s*COUNT_WIDTH +: COUNT_WIDTH]) - out_count_q;
    assign f_in_sees[s]  = in_count_q - f_plain(out_meet_q[s*COUNT_WIDTH +: COUNT_WIDTH]);
  end
  wire [COUNT_WIDTH-1:0] f_in_change  = in_gray_q ^ f_in_gray_q;
  wire [COUNT_WIDTH-1:0] f_out_change = out_gray_q ^ f_out_gray_q;

  always @(posedge in_clk_i)  f_in_gray_q  <= in_gray_q;
  always @(posedge out_clk_i) f_out_gray_q <= out_gray_q;

  always @(posedge f_time) begin
    f_first_q <= 1'b0;
    assume (in_rst_ni && out_rst_ni);
    if (f_first_q) begin  // what resets have left
      assume (f_in_gray_q == '0 && in_count_q == '0 && in_gray_q == '0 && in_meet_q == '0);
      assume (f_out_gray_q == '0 && out_count_q == '0 && out_gray_q == '0 && out_meet_q == '0);
    end
    assert (in_gray_q == (in_count_q ^ (in_count_q >> 1)));
    assert (out_gray_q == (out_count_q ^ (out_count_q >> 1)));
    assert (f_out_sees[0] <= f_inside && f_inside <= f_in_sees[0]);
    for (int s = 1; s < Stages; s++) begin
      assert (f_out_sees[s] <= f_out_sees[s-1]);
      assert (f_in_sees[s-1] <= f_in_sees[s]);
    end
    assert (32'(f_in_sees[Stages-1]) <= Depth);
    assert (!out_valid_o || f_inside != '0);
    assert (!in_ready_o || 32'(f_inside) < Depth);
    assert ((f_in_change & (f_in_change - COUNT_WIDTH'(1))) == '0);
    assert ((f_out_change & (f_out_change - COUNT_WIDTH'(1))) == '0);
  end
