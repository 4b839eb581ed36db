// SPDX-License-Identifier: Apache-2.0
/// First-in first-out buffer between two stream links.
///
/// Function:   words leave in the order in which they came, none lost, none doubled
/// Timing:     latency 1 when empty, interval 1; a word read makes room for the next cycle
/// Parameters: Width >= 1, Depth >= 1; RamStyle 0: registers, 1: distributed RAM, 2: block RAM,
///             3: as the synthesis tool likes, for cores that no planner sized
/// Notes:      Function and timing are the same in every memory. Block RAM is read a cycle ahead: what
///             is written where the next word is read goes round it. One word is a register whatever
///             RamStyle says. The handshake rules are in docs/links.md.
`default_nettype none

module hwg_fifo #(
  parameter int Width    = 8,  // bits of a word
  parameter int Depth    = 4,  // words
  parameter int RamStyle = 3
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,
  // in
  input  wire logic             in_valid_i,
  output logic                  in_ready_o,
  input  wire logic [Width-1:0] in_data_i,
  // out
  output logic                  out_valid_o,
  input  wire logic             out_ready_i,
  output logic      [Width-1:0] out_data_o
);

  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_fifo: Width must be >= 1");
  end
  if (Depth < 1) begin : gen_check_depth
    initial $fatal(1, "hwg_fifo: Depth must be >= 1");
  end
  if (RamStyle < 0 || RamStyle > 3) begin : gen_check_ram_style
    initial $fatal(1, "hwg_fifo: RamStyle must be 0 to 3");
  end

  localparam int PTR_WIDTH   = (Depth > 1) ? $clog2(Depth) : 1;
  localparam int COUNT_WIDTH = $clog2(Depth + 1);

  logic [PTR_WIDTH-1:0]   head_d, head_q, tail_d, tail_q;
  logic [COUNT_WIDTH-1:0] count_d, count_q;
  logic                   push, pop;

  assign in_ready_o  = count_q != COUNT_WIDTH'(Depth);
  assign out_valid_o = count_q != '0;
  assign push        = in_valid_i & in_ready_o;
  assign pop         = out_valid_o & out_ready_i;

  always_comb begin
    head_d  = head_q;
    tail_d  = tail_q;
    count_d = count_q;
    if (pop)  head_d = (head_q == PTR_WIDTH'(Depth - 1)) ? '0 : head_q + PTR_WIDTH'(1);
    if (push) tail_d = (tail_q == PTR_WIDTH'(Depth - 1)) ? '0 : tail_q + PTR_WIDTH'(1);
    if (push && !pop)      count_d = count_q + COUNT_WIDTH'(1);
    else if (pop && !push) count_d = count_q - COUNT_WIDTH'(1);
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      head_q  <= '0;
      tail_q  <= '0;
      count_q <= '0;
    end else begin
      head_q  <= head_d;
      tail_q  <= tail_d;
      count_q <= count_d;
    end
  end

  if (Depth == 1) begin : gen_one
    logic [Width-1:0] word_q;
    always_ff @(posedge clk_i) begin
      if (push) word_q <= in_data_i;
    end
    assign out_data_o = word_q;
  end
  if (Depth > 1 && RamStyle == 0) begin : gen_registers
    (* ram_style = "registers" *) logic [Width-1:0] mem_q [0:Depth-1];
    always_ff @(posedge clk_i) begin
      if (push) mem_q[tail_q] <= in_data_i;
    end
    assign out_data_o = mem_q[head_q];
  end
  if (Depth > 1 && RamStyle == 1) begin : gen_distributed
    (* ram_style = "distributed" *) logic [Width-1:0] mem_q [0:Depth-1];
    always_ff @(posedge clk_i) begin
      if (push) mem_q[tail_q] <= in_data_i;
    end
    assign out_data_o = mem_q[head_q];
  end
  if (Depth > 1 && RamStyle == 2) begin : gen_block
    (* ram_style = "block" *) logic [Width-1:0] mem_q [0:Depth-1];
    logic [Width-1:0] read_q, round_q;
    logic             round, rounds_q;  // the word that comes is the next one to leave
    assign round = push & (tail_q == head_d);
    always_ff @(posedge clk_i) begin
      if (push) mem_q[tail_q] <= in_data_i;
    end
    always_ff @(posedge clk_i) begin
      if (!round) read_q <= mem_q[head_d];
    end
    always_ff @(posedge clk_i) begin
      if (round) round_q <= in_data_i;
      rounds_q <= round;
    end
    assign out_data_o = rounds_q ? round_q : read_q;
  end
  if (Depth > 1 && RamStyle == 3) begin : gen_any
    logic [Width-1:0] mem_q [0:Depth-1];
    always_ff @(posedge clk_i) begin
      if (push) mem_q[tail_q] <= in_data_i;
    end
    assign out_data_o = mem_q[head_q];
  end

endmodule

`default_nettype wire
