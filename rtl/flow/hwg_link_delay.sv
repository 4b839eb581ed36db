// SPDX-License-Identifier: Apache-2.0
/// Registers of a link between two layers, to cross from one die of a part to the next.
///
/// Function:   data_o in cycle t = data_i in cycle t - Cycles
/// Timing:     latency Cycles, interval 1, never stalls
/// Parameters: Width and Cycles >= 1
/// Notes:      No reset. The attribute keeps Vivado from putting the chain into shift registers, which
///             sit in one place: here each register may lie on another die.
`default_nettype none

module hwg_link_delay #(
  parameter int Width  = 8,  // bits of the word
  parameter int Cycles = 1   // registers in the chain
) (
  input  wire logic             clk_i,
  input  wire logic [Width-1:0] data_i,
  output logic      [Width-1:0] data_o
);

  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_link_delay: Width must be >= 1");
  end
  if (Cycles < 1) begin : gen_check_cycles
    initial $fatal(1, "hwg_link_delay: Cycles must be >= 1");
  end

  (* shreg_extract = "no" *) logic [Cycles*Width-1:0] chain_q;  // newest word in the lowest bits
  if (Cycles == 1) begin : gen_one
    always_ff @(posedge clk_i) chain_q <= data_i;
  end else begin : gen_chain
    always_ff @(posedge clk_i) chain_q <= {chain_q[(Cycles-1)*Width-1:0], data_i};
  end
  assign data_o = chain_q[(Cycles-1)*Width +: Width];

endmodule

`default_nettype wire
