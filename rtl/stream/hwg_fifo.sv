// SPDX-License-Identifier: Apache-2.0
/// First-in first-out buffer between two stream links.
///
/// Function:   words leave in the order in which they came, none lost, none doubled
/// Timing:     latency 1 when empty, interval 1; a word read makes room for the next cycle
/// Parameters: Width >= 1, Depth >= 1
/// Notes:      The head is read asynchronously: small depths fit distributed RAM.
///             The handshake rules are in docs/links.md.
`default_nettype none

module hwg_fifo #(
  parameter int Width = 8,  // bits of a word
  parameter int Depth = 4   // words
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

  localparam int PTR_WIDTH   = (Depth > 1) ? $clog2(Depth) : 1;
  localparam int COUNT_WIDTH = $clog2(Depth + 1);

  logic [Width-1:0]       mem_q [0:Depth-1];
  logic [PTR_WIDTH-1:0]   head_d, head_q, tail_d, tail_q;
  logic [COUNT_WIDTH-1:0] count_d, count_q;
  logic                   push, pop;

  assign in_ready_o  = count_q != COUNT_WIDTH'(Depth);
  assign out_valid_o = count_q != '0;
  assign out_data_o  = mem_q[head_q];
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

  always_ff @(posedge clk_i) begin
    if (push) mem_q[tail_q] <= in_data_i;
  end

endmodule

`default_nettype wire
