// SPDX-License-Identifier: Apache-2.0
/// Resets two clock domains together, from one reset of any origin and any length.
///
/// Function:   both resets fall with rst_ni at once; neither rises before the registers of both domains
///             have seen at least Stages edges of their clock in reset
/// Timing:     rises 2*Stages cycles of the slower clock behind rst_ni, and up to Stages cycles of the
///             own clock later than the other one
/// Parameters: Stages >= 2
/// Notes:      What crosses between the domains (hwg_cdc_fifo) must not meet a side that still holds
///             what it held before. Two synchronisers alone would let it: a reset that is short for the
///             slower clock is over in the faster domain before the slower one has taken notice.
///             rst_ni comes from registers; a gate may join several of them if each only falls or only
///             rises at a time. The clear pins are ends of false paths (hwgen.package.crossing).
`default_nettype none

module hwg_reset_pair #(
  parameter int Stages = 2  // registers that a release passes, twice
) (
  input  wire logic a_clk_i,
  input  wire logic b_clk_i,
  input  wire logic rst_ni,
  output logic      a_rst_no,
  output logic      b_rst_no
);

  if (Stages < 2) begin : gen_check_stages
    initial $fatal(1, "hwg_reset_pair: Stages must be >= 2");
  end

  logic a_seen, b_seen, both_seen;

  hwg_reset_sync #(.Stages(Stages)) u_a_seen (
    .clk_i (a_clk_i),
    .rst_ni(rst_ni),
    .rst_no(a_seen)
  );
  hwg_reset_sync #(.Stages(Stages)) u_b_seen (
    .clk_i (b_clk_i),
    .rst_ni(rst_ni),
    .rst_no(b_seen)
  );

  assign both_seen = a_seen & b_seen;

  hwg_reset_sync #(.Stages(Stages)) u_a_release (
    .clk_i (a_clk_i),
    .rst_ni(both_seen),
    .rst_no(a_rst_no)
  );
  hwg_reset_sync #(.Stages(Stages)) u_b_release (
    .clk_i (b_clk_i),
    .rst_ni(both_seen),
    .rst_no(b_rst_no)
  );

endmodule

`default_nettype wire
