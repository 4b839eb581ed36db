// SPDX-License-Identifier: Apache-2.0
/// Checks a stream link in test builds: what is offered stays until it is taken.
///
/// Function:   after a cycle with valid and not ready, valid is still set and data is the same
/// Timing:     observes only
/// Parameters: Width >= 1
/// Notes:      Instantiated under HWG_ASSERT alone. The rules are in docs/links.md.
`default_nettype none

module hwg_stream_check #(
  parameter int Width = 8  // bits of the data and whatever travels with it
) (
  input wire logic             clk_i,
  input wire logic             rst_ni,
  input wire logic             valid_i,
  input wire logic             ready_i,
  input wire logic [Width-1:0] data_i
);

  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_stream_check: Width must be >= 1");
  end

  logic             waiting_q;  // the word of the last cycle was offered and not taken
  logic [Width-1:0] data_q;

  initial waiting_q = 1'b0;  // an edge may come before the reset does
  always @(posedge clk_i) begin
    waiting_q <= rst_ni & valid_i & ~ready_i;
    data_q    <= data_i;
  end

  always @(posedge clk_i) begin
    if (rst_ni && waiting_q) begin
      assert (valid_i);
      assert (data_i == data_q);
    end
  end

endmodule

`default_nettype wire
