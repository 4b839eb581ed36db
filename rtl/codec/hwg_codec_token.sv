// SPDX-License-Identifier: Apache-2.0
/// Splits a coded value into its token and raw bits.
///
/// Function:   below 8 the value is the token; else, n being the place of the leading one, the token
///             is 8 + 2(n - 3) + bit n-1, and the low n-1 bits are raw. Equal to
///             hwgen.codec.tokens.split.
/// Timing:     combinational
/// Parameters: Bits 15: of a coded value
`default_nettype none

module hwg_codec_token #(
  parameter int Bits = 15  // of a coded value
) (
  input  wire logic [Bits-1:0] coded_i,
  output logic      [4:0]      token_o,
  output logic      [3:0]      extra_width_o,
  output logic      [12:0]     extra_o         // higher bits are zero
);

  if (Bits < 15 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_codec_token: Bits must be 15");
  end

  logic       direct, next;
  logic [3:0] place;  // of the leading one, if that is 3 at least
  assign direct = coded_i[14:3] == '0;
  always_comb begin
    place = 4'd3;
    for (int n = 4; n < 15; n = n + 1) begin
      if (coded_i[n]) place = 4'(n);
    end
    next = 1'b0;
    for (int n = 3; n < 15; n = n + 1) begin
      if (place == 4'(n)) next = coded_i[n-1];
    end
    for (int i = 0; i < 13; i = i + 1) begin
      extra_o[i] = coded_i[i] & (4'(i) < extra_width_o);
    end
  end
  // 8 + 2(n - 3) = 2(n + 1)
  assign token_o       = direct ? {2'b0, coded_i[2:0]} : {place + 4'd1, next};
  assign extra_width_o = direct ? 4'd0 : place - 4'd1;

endmodule

`default_nettype wire
