// SPDX-License-Identifier: Apache-2.0
/// Phase signal: high over some digits of every word.
///
/// Function:   high from the cycle after start_i up to the cycle of stop_i
/// Timing:     latency 1; a start and a stop in one cycle are a start
/// Parameters: none
/// Notes:      Start and stop are bits of the chain that a sample's valid bit runs through, so phases
///             need no grid of samples. The register is not reset: whatever is left of a word that a
///             reset forgot ends with the next word's stop, and begins anew with its start.
`default_nettype none

module hwg_serial_phase (
  input  wire logic clk_i,
  input  wire logic start_i,
  input  wire logic stop_i,
  output logic      phase_o
);

  always_ff @(posedge clk_i) phase_o <= start_i | (phase_o & ~stop_i);

endmodule

`default_nettype wire
