// SPDX-License-Identifier: Apache-2.0
/// Delays a word by a fixed number of clock cycles.
///
/// Function:   data_o in cycle t = data_i in cycle t - Cycles
/// Timing:     latency Cycles (0 is a wire), interval 1, never stalls
/// Parameters: Width >= 1, Cycles >= 0
/// Notes:      No reset, so that synthesis may use shift-register primitives.
`default_nettype none

module hwg_delay #(
  parameter int Width  = 8,  // bits of the word
  parameter int Cycles = 1   // registers in the chain
) (
  input  wire logic             clk_i,
  input  wire logic [Width-1:0] data_i,
  output logic      [Width-1:0] data_o
);

  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_delay: Width must be >= 1");
  end
  if (Cycles < 0) begin : gen_check_cycles
    initial $fatal(1, "hwg_delay: Cycles must be >= 0");
  end

  if (Cycles == 0) begin : gen_wire
    logic unused_clk;
    assign unused_clk = clk_i;
    assign data_o     = data_i;
  end else if (Cycles == 1) begin : gen_one
    logic [Width-1:0] chain_q;
    always_ff @(posedge clk_i) chain_q <= data_i;
    assign data_o = chain_q;
  end else begin : gen_chain
    logic [Cycles*Width-1:0] chain_q;  // newest word in the lowest bits
    always_ff @(posedge clk_i) chain_q <= {chain_q[(Cycles-1)*Width-1:0], data_i};
    assign data_o = chain_q[(Cycles-1)*Width +: Width];
  end

endmodule

`default_nettype wire
