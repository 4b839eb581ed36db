// SPDX-License-Identifier: Apache-2.0
/// Protocol checker of one end of an AXI-Stream.
///
/// Function:   a beat that is offered stays as it is until it is taken, and none is offered in the
///             first cycle after a reset
/// Timing:     observes only
/// Parameters: Width >= 1; Source 1: the unit offers the beats; 0: its partner does
/// Notes:      For test builds: bound to every port, and the properties of the proofs. A partner that
///             is not reset with the unit may offer at once.
`default_nettype none

module hwg_axis_check #(
  parameter int Width  = 8,  // bits of all that travels with a beat
  parameter int Source = 1,
  parameter int Quiet  = 1   // 0: it may offer in the first cycle after a reset
) (
  input wire logic             clk_i,
  input wire logic             rst_ni,
  input wire logic             valid_i,
  input wire logic             ready_i,
  input wire logic [Width-1:0] data_i
);

  logic             reset_q = 1'b0, waits_q = 1'b0;  // known where a reset has not come yet
  logic [Width-1:0] data_q;

  always_ff @(posedge clk_i) begin
    reset_q <= ~rst_ni;
    waits_q <= rst_ni & valid_i & ~ready_i;
    data_q  <= data_i;
  end

  always @(posedge clk_i) begin
    if (Source != 0) begin
      if (Quiet != 0 && rst_ni && reset_q) `HWG_UNIT(!valid_i, "AXI-Stream: valid after reset");
      if (rst_ni && waits_q) `HWG_UNIT(valid_i, "AXI-Stream: a beat was withdrawn");
      if (rst_ni && waits_q) `HWG_UNIT(data_i == data_q, "AXI-Stream: a beat changed");
    end else begin
      if (rst_ni && waits_q) `HWG_PARTNER(valid_i, "AXI-Stream: a beat was withdrawn");
      if (rst_ni && waits_q) `HWG_PARTNER(data_i == data_q, "AXI-Stream: a beat changed");
    end
  end

endmodule

`default_nettype wire
