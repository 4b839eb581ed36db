// SPDX-License-Identifier: Apache-2.0
/// Puts a value together from its token and raw bits, and undoes the zig-zag.
///
/// Function:   coded = token if direct_i, else {1, lowest token bit, extra_width_i raw bits}; cut to
///             bits_i bits; value_o = coded, or 0, -1, 1, -2, ... if signed_i. Equal to
///             hwgen.codec.tokens.joined and restored. With empty_i the value is 0.
/// Timing:     mag_o (hwgen.codec.tokens.magnitudes) and over_o (the value has more than bits_i
///             bits) after 1 cycle, value_o after 2; bits_i, signed_i and empty_i come 1 cycle late
/// Parameters: 1 <= Bits <= 15
/// Notes:      A raw value is extra bits alone; what seems to stand above them is cut off.
`default_nettype none

module hwg_codec_value #(
  parameter int Bits = 14  // of the widest values
) (
  input  wire logic            clk_i,
  input  wire logic            direct_i,
  input  wire logic [2:0]      token_i,
  input  wire logic [3:0]      extra_width_i,
  input  wire logic [14:0]     extra_i,
  // a cycle later
  input  wire logic [3:0]      bits_i,
  input  wire logic            signed_i,
  input  wire logic            empty_i,
  output logic      [6:0]      mag_o,
  output logic                 over_o,
  // another cycle later
  output logic      [Bits-1:0] value_o
);

  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_codec_value: Bits must be 1 to 15");
  end

  // A token that is no value has at least 2 raw bits, a raw value at least 1.
  logic [14:0] coded, coded_q;
  always_comb begin
    for (int i = 0; i < 15; i = i + 1) begin
      if (4'(i) < extra_width_i)       coded[i] = extra_i[i];
      else if (4'(i) == extra_width_i) coded[i] = token_i[0];
      else                             coded[i] = 4'(i) == extra_width_i + 4'd1;
    end
    if (direct_i) coded[2:0] = token_i;
  end
  always_ff @(posedge clk_i) coded_q <= coded;

  logic [Bits-1:0] mask, cut, value;
  logic [Bits:0]   wide;
  logic [14:0]     allowed;
  assign wide    = {1'b0, cut};
  assign allowed = 15'(mask);
  assign over_o  = (coded_q & ~allowed) != '0;
  for (genvar i = 0; i < Bits; i++) begin : gen_bit
    assign mask[i]  = bits_i > 4'(i);
    assign cut[i]   = coded_q[i] & mask[i];
    assign value[i] = signed_i ? wide[i+1] ^ cut[0] : cut[i];
  end
  logic unused_wide;
  assign unused_wide = wide[0];
  always_ff @(posedge clk_i) begin
    if (empty_i) value_o <= '0;
    else         value_o <= value;
  end

  hwg_codec_magnitude #(
    .Bits(15)
  ) u_mag (
    .coded_i (coded_q),
    .signed_i(signed_i),
    .mag_o   (mag_o)
  );

endmodule

`default_nettype wire
