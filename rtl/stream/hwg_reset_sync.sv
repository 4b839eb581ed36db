// SPDX-License-Identifier: Apache-2.0
/// Brings a reset of any origin into a clock domain.
///
/// Function:   rst_no falls with rst_ni at once, and rises Stages cycles after it
/// Timing:     falls without a clock; rises with clk_i, so that every register leaves its reset in the
///             same cycle
/// Parameters: Stages >= 2
/// Notes:      The only unit with an asynchronous reset. Optional: a reset that is synchronous already
///             needs none. A static timing analysis takes the path to the clear pins as false
///             (hwgen.package.crossing writes the constraints).
`default_nettype none

module hwg_reset_sync #(
  parameter int Stages = 2  // registers that the release passes
) (
  input  wire logic clk_i,
  input  wire logic rst_ni,
  output logic      rst_no
);

  if (Stages < 2) begin : gen_check_stages
    initial $fatal(1, "hwg_reset_sync: Stages must be >= 2");
  end

  (* async_reg = "true" *) logic [Stages-1:0] release_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) release_q <= '0;
    else         release_q <= {release_q[Stages-2:0], 1'b1};
  end
  assign rst_no = release_q[Stages-1];

endmodule

`default_nettype wire
