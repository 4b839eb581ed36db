// SPDX-License-Identifier: Apache-2.0
/// Checker of a count that another clock looks at.
///
/// Function:   from one cycle to the next at most one bit of it changes
/// Timing:     observes only
/// Parameters: Width >= 1
/// Notes:      Simulation has no skew between bits: a count that changes two at once looks right there
///             and fails on a device.
`default_nettype none

module hwg_gray_check #(
  parameter int Width = 4
) (
  input wire logic             clk_i,
  input wire logic             rst_ni,
  input wire logic [Width-1:0] count_i
);

  logic             live_q = 1'b0;  // known where a reset has not come yet
  logic [Width-1:0] count_q;
  always_ff @(posedge clk_i) begin
    live_q  <= rst_ni;
    count_q <= count_i;
  end
  always @(posedge clk_i) begin
    if (rst_ni && live_q) `HWG_UNIT($countones(count_i ^ count_q) <= 1, "Gray: two bits changed at once");
  end

endmodule

`default_nettype wire
