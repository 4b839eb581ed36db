// SPDX-License-Identifier: Apache-2.0
/// Feeds a core with many ports through two pins, so that it can be placed and routed by itself.
///
/// Function:   data_o holds the last InWidth bits of serial_i, the newest in bit 0; the signature
///             sig <= (sig << 1) ^ data_i takes in every bit of data_i, and its top bit is serial_o
/// Timing:     registers on both sides of the core, at most one look-up table between them and it
/// Parameters: InWidth >= 1, OutWidth >= 1
/// Notes:      No tool can drop a part of the core: each of its inputs is a register of its own, and
///             each of its outputs reaches the pin. The paths of the harness are shorter than any
///             adder, so that the slowest path is the core's.
`default_nettype none

module hwg_harness #(
  parameter int InWidth  = 8,  // bits into the core
  parameter int OutWidth = 8   // bits out of the core
) (
  input  wire logic                clk_i,
  // pins
  input  wire logic                serial_i,
  output logic                     serial_o,
  // core
  output logic      [InWidth-1:0]  data_o,
  input  wire logic [OutWidth-1:0] data_i
);

  if (InWidth < 1) begin : gen_check_in
    initial $fatal(1, "hwg_harness: InWidth must be >= 1");
  end
  if (OutWidth < 1) begin : gen_check_out
    initial $fatal(1, "hwg_harness: OutWidth must be >= 1");
  end

  logic [InWidth-1:0] in_d, in_q;
  if (InWidth == 1) begin : gen_in_one
    assign in_d = serial_i;
  end else begin : gen_in
    assign in_d = {in_q[InWidth-2:0], serial_i};
  end

  logic [OutWidth-1:0] out_q;
  always_ff @(posedge clk_i) begin
    in_q  <= in_d;
    out_q <= (out_q << 1) ^ data_i;
  end

  assign data_o   = in_q;
  assign serial_o = out_q[OutWidth-1];

endmodule

`default_nettype wire
