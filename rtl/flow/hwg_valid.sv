// SPDX-License-Identifier: Apache-2.0
/// Delays the valid bit of a flow link beside the data it belongs to.
///
/// Function:   valid_o in cycle t = valid_i in cycle t - Cycles; zero for samples older than a reset
/// Timing:     latency Cycles, interval 1, never stalls
/// Parameters: Cycles >= 1
/// Notes:      The only flops of a flow core that are reset.
`default_nettype none

module hwg_valid #(
  parameter int Cycles = 1  // registers in the chain
) (
  input  wire logic clk_i,
  input  wire logic rst_ni,
  input  wire logic valid_i,
  output logic      valid_o
);

  if (Cycles < 1) begin : gen_check_cycles
    initial $fatal(1, "hwg_valid: Cycles must be >= 1");
  end

  logic [Cycles-1:0] valid_d, valid_q;  // newest in the lowest bit
  if (Cycles == 1) begin : gen_one
    assign valid_d = valid_i;
  end else begin : gen_chain
    assign valid_d = {valid_q[Cycles-2:0], valid_i};
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_q <= '0;
    else         valid_q <= valid_d;
  end

  assign valid_o = valid_q[Cycles-1];

endmodule

`default_nettype wire
