// SPDX-License-Identifier: Apache-2.0
// Properties of hwg_fifo, read as a part of it: words leave in order, none lost, none doubled.

  // One word, any: its data, and how many are in front of it.
  (* anyseq *) wire               f_pick;
  logic                           f_live_q;
  logic [Width-1:0]               f_data_q;
  logic [COUNT_WIDTH-1:0]         f_front_q;
  wire  [31:0]                    f_place = (32'(head_q) + 32'(f_front_q)) % Depth;
  wire  [31:0]                    f_tail  = (32'(head_q) + 32'(count_q)) % Depth;
  wire  [PTR_WIDTH-1:0]           f_at    = f_place[PTR_WIDTH-1:0];
  wire  [Width-1:0]               f_kept;  // in memory, where the word is

  if (Depth == 1) begin : gen_f_one
    assign f_kept = gen_one.word_q;
  end
  if (Depth > 1 && RamStyle == 0) begin : gen_f_registers
    assign f_kept = gen_registers.mem_q[f_at];
  end
  if (Depth > 1 && RamStyle == 1) begin : gen_f_distributed
    assign f_kept = gen_distributed.mem_q[f_at];
  end
  if (Depth > 1 && RamStyle == 2) begin : gen_f_block
    assign f_kept = gen_block.mem_q[f_at];
    // What leaves is what the memory has there, from the cycle on in which it can be taken.
    always @(posedge clk_i) begin
      if (rst_ni && !$initstate && count_q != '0) assert (out_data_o == gen_block.mem_q[head_q]);
    end
  end
  if (Depth > 1 && RamStyle == 3) begin : gen_f_any
    assign f_kept = gen_any.mem_q[f_at];
  end

  initial assume (!rst_ni);
  always @(posedge clk_i) begin
    if (!rst_ni) f_live_q <= 1'b0;
    else if (push && f_pick && !f_live_q) begin
      f_live_q  <= 1'b1;
      f_data_q  <= in_data_i;
      f_front_q <= count_q - COUNT_WIDTH'(pop);
    end else if (f_live_q && pop) begin
      f_live_q  <= f_front_q != '0;
      f_front_q <= f_front_q - COUNT_WIDTH'(1);
    end
    if (rst_ni && !$initstate) begin
      assert (32'(count_q) <= Depth);
      assert (32'(head_q) < Depth && 32'(tail_q) < Depth);
      assert (32'(tail_q) == f_tail);
      assert (in_ready_o == (32'(count_q) < Depth));
      if (f_live_q) assert (f_front_q < count_q);
      if (f_live_q) assert (f_kept == f_data_q);
      if (f_live_q && pop && f_front_q == '0) assert (out_data_o == f_data_q);
    end
  end
