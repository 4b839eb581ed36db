// SPDX-License-Identifier: Apache-2.0
/// Chain that a sample's valid bit runs through: it marks the first digit of every word.
///
/// Function:   first_o[k] in cycle t = valid_i in cycle t - k; zero for samples older than a reset
/// Timing:     first_o[0] is valid_i itself; a register a bit above
/// Parameters: Cycles >= 1
/// Notes:      The flops of a serial core that are reset are these alone. A word whose first digit
///             is k cycles behind its sample begins when first_o[k] is high.
`default_nettype none

module hwg_serial_first #(
  parameter int Cycles = 1  // registers in the chain
) (
  input  wire logic            clk_i,
  input  wire logic            rst_ni,
  input  wire logic            valid_i,
  output logic      [Cycles:0] first_o
);

  if (Cycles < 1) begin : gen_check_cycles
    initial $fatal(1, "hwg_serial_first: Cycles must be >= 1");
  end

  logic [Cycles-1:0] first_q;  // the newest sample in the lowest bit
  always_ff @(posedge clk_i) begin
    if (!rst_ni) first_q <= '0;
    else         first_q <= first_o[Cycles-1:0];
  end
  assign first_o = {first_q, valid_i};

endmodule

`default_nettype wire
