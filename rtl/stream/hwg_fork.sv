// SPDX-License-Identifier: Apache-2.0
/// Offers one stream word to several sinks and lets it go when each has taken it.
///
/// Function:   every sink takes every word exactly once, at its own pace
/// Timing:     latency 0, interval 1; the data bypasses this unit
/// Parameters: Sinks >= 1
/// Notes:      The handshake rules are in docs/links.md.
`default_nettype none

module hwg_fork #(
  parameter int Sinks = 2  // number of sinks
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,
  // in
  input  wire logic             in_valid_i,
  output logic                  in_ready_o,
  // out, one bit a sink
  output logic      [Sinks-1:0] out_valid_o,
  input  wire logic [Sinks-1:0] out_ready_i
);

  if (Sinks < 1) begin : gen_check_sinks
    initial $fatal(1, "hwg_fork: Sinks must be >= 1");
  end

  logic [Sinks-1:0] done_d, done_q;  // sinks that have taken the word already

  assign out_valid_o = {Sinks{in_valid_i}} & ~done_q;
  assign in_ready_o  = &(done_q | out_ready_i);

  always_comb begin
    done_d = done_q | (out_valid_o & out_ready_i);
    if (in_ready_o) done_d = '0;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) done_q <= '0;
    else         done_q <= done_d;
  end

endmodule

`default_nettype wire
