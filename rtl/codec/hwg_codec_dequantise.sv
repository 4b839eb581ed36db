// SPDX-License-Identifier: Apache-2.0
/// Brings quantised coefficients back to their size.
///
/// Function:   z_o = clip(value step, to 24 signed bits), Q.6. Equal to
///             hwgen.codec.transform.Transform.inverse.
/// Timing:     latency 2, interval 1, never stalls
/// Parameters: 1 <= Bits <= 15
/// Notes:      What belongs to a coefficient (its class's step) comes with it.
`default_nettype none

module hwg_codec_dequantise #(
  parameter int Bits = 14  // of the widest values
) (
  input  wire logic            clk_i,
  input  wire logic [Bits-1:0] value_i,   // sign-extended if signed_i
  input  wire logic            signed_i,
  input  wire logic [15:0]     step_i,
  output logic      [23:0]     z_o
);

  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_codec_dequantise: Bits must be 1 to 15");
  end

  localparam int PRODUCT = Bits + 18;
  logic signed [Bits:0]      value;
  logic signed [16:0]        step;
  logic signed [PRODUCT-1:0] product_q;
  logic [23:0]               clipped;
  assign value = {signed_i & value_i[Bits-1], value_i};
  assign step  = {1'b0, step_i};
  hwg_codec_round #(
    .InWidth (PRODUCT),
    .Shift   (0),
    .OutWidth(24)
  ) u_clip (
    .data_i(product_q),
    .data_o(clipped)
  );
  always_ff @(posedge clk_i) begin
    product_q <= PRODUCT'(value) * PRODUCT'(step);
    z_o       <= clipped;
  end

endmodule

`default_nettype wire
