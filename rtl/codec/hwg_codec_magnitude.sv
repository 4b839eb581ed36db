// SPDX-License-Identifier: Apache-2.0
/// The magnitude of a coded value, as contexts look at it.
///
/// Function:   min(127, (coded_i + 1) >> 1 if signed_i else coded_i), equal to
///             hwgen.codec.tokens.magnitudes
/// Timing:     combinational
/// Parameters: Bits 8 to 15; higher bits are 0
`default_nettype none

module hwg_codec_magnitude #(
  parameter int Bits = 15  // of a coded value
) (
  input  wire logic [Bits-1:0] coded_i,
  input  wire logic            signed_i,
  output logic      [6:0]      mag_o
);

  if (Bits < 8 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_codec_magnitude: Bits must be 8 to 15");
  end

  logic [Bits-1:0] half;
  assign half  = signed_i ? coded_i >> 1 : coded_i;
  assign mag_o = (half[Bits-1:7] != '0 || half[6:0] == 7'd127) ? 7'd127
               : half[6:0] + 7'(signed_i & coded_i[0]);

endmodule

`default_nettype wire
