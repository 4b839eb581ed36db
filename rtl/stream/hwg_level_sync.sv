// SPDX-License-Identifier: Apache-2.0
/// Brings a level of another clock domain into this one.
///
/// Function:   out_o is in_i some cycles later; a level that lasts two cycles of clk_i is never missed
/// Timing:     out_o follows in_i after Stages - 1 to Stages edges of clk_i
/// Parameters: Stages >= 2
/// Notes:      For one bit that comes from a register. Several bits that belong together want
///             hwg_cdc_fifo, since each may arrive in another cycle. The first register is the end of a
///             path between clocks (hwgen.package.crossing writes its constraint).
`default_nettype none

module hwg_level_sync #(
  parameter int Stages = 2  // registers that the level passes
) (
  input  wire logic clk_i,
  input  wire logic rst_ni,
  input  wire logic in_i,
  output logic      out_o
);

  if (Stages < 2) begin : gen_check_stages
    initial $fatal(1, "hwg_level_sync: Stages must be >= 2");
  end

  (* async_reg = "true" *) logic [Stages-1:0] meet_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) meet_q <= '0;
    else         meet_q <= {meet_q[Stages-2:0], in_i};
  end
  assign out_o = meet_q[Stages-1];

endmodule

`default_nettype wire
