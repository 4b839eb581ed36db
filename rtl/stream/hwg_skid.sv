// SPDX-License-Identifier: Apache-2.0
/// Registers both directions of a stream link: no path passes it without a register.
///
/// Function:   words leave in the order in which they came, none lost, none doubled
/// Timing:     latency 1, interval 1; valid, ready and data are registers on both sides
/// Parameters: Width >= 1
/// Notes:      When the sink stops, the word that is on its way is kept aside (`side_q`), since its
///             source has seen ready already. The handshake rules are in docs/links.md.
`default_nettype none

module hwg_skid #(
  parameter int Width = 8  // bits of a word
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
    initial $fatal(1, "hwg_skid: Width must be >= 1");
  end

  logic             valid_q, free_q;  // free_q: nothing is kept aside
  logic [Width-1:0] data_q, side_q;
  logic             advance;          // the output register takes a word, or none is there

  assign advance     = ~valid_q | out_ready_i;
  assign in_ready_o  = free_q;
  assign out_valid_o = valid_q;
  assign out_data_o  = data_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      free_q  <= 1'b1;
    end else begin
      if (advance) valid_q <= in_valid_i | ~free_q;
      free_q <= advance | (free_q & ~in_valid_i);
    end
  end

  always_ff @(posedge clk_i) begin
    if (advance) data_q <= free_q ? in_data_i : side_q;
    if (free_q)  side_q <= in_data_i;
  end

endmodule

`default_nettype wire
