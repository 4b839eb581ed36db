// SPDX-License-Identifier: Apache-2.0
/// Register of a shifted operand that replaces what the shift brings in.
///
/// Function:   data_o in cycle t = gate_i ? Fill : data_i, both in cycle t - 1
/// Timing:     latency 1
/// Parameters: Width >= 1
/// Notes:      The set or the reset of a flop does it: no table. A sum of three takes two of its
///             operands through it (hwg_serial_add3), since its tables have one input left.
`default_nettype none

module hwg_serial_gate #(
  parameter int               Width = 1,  // lanes
  parameter logic [Width-1:0] Fill  = '0  // what they hold while the gate is high
) (
  input  wire logic             clk_i,
  input  wire logic             gate_i,
  input  wire logic [Width-1:0] data_i,
  output logic      [Width-1:0] data_o
);

  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_serial_gate: Width must be >= 1");
  end

  always_ff @(posedge clk_i) begin
    if (gate_i) data_o <= Fill;
    else        data_o <= data_i;
  end

endmodule

`default_nettype wire
