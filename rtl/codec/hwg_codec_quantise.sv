// SPDX-License-Identifier: Apache-2.0
/// Quantises coefficients.
///
/// Function:   value_o = sign(z) ((|z| scale + (1 << shift >> 1)) >> shift), clipped to bits_i bits:
///             two's complement if signed_i, else 0 and up. Equal to
///             hwgen.codec.transform.Transform.quantised.
/// Timing:     latency 5, interval 1, never stalls
/// Parameters: 2 <= Width <= 32; 1 <= Bits <= 15
/// Notes:      What belongs to a coefficient (its class's scale) comes with it; the rest stands still.
`default_nettype none

module hwg_codec_quantise #(
  parameter int Width = 22,  // of a coefficient, two's complement
  parameter int Bits  = 14   // of the widest results
) (
  input  wire logic             clk_i,
  input  wire logic [Width-1:0] z_i,
  input  wire logic [15:0]      scale_i,
  input  wire logic [4:0]       shift_i,
  input  wire logic [3:0]       bits_i,   // 1 to Bits
  input  wire logic             signed_i,
  output logic      [Bits-1:0]  value_o   // sign-extended
);

  if (Width < 2 || Width > 32) begin : gen_check_width
    initial $fatal(1, "hwg_codec_quantise: Width must be 2 to 32");
  end
  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_codec_quantise: Bits must be 1 to 15");
  end

  localparam int PRODUCT = Width + 17;
  logic [Width-1:0]   size_1_q;
  logic [15:0]        scale_1_q;
  logic [PRODUCT-1:0] product_2_q;
  logic [PRODUCT:0]   twice_2, shifted_2;  // one bit behind the point, by which it is rounded
  logic [17:0]        shifted_3_q;         // more than 17 bits are as good as the most
  logic [17:0]        sum_3;
  logic [16:0]        size_4_q;
  logic               minus_1_q, minus_2_q, minus_3_q, minus_4_q, unused_half;
  assign twice_2     = {product_2_q, 1'b0};
  assign shifted_2   = twice_2 >> shift_i;
  assign sum_3       = {1'b0, shifted_3_q[16:0]} + 18'd1;
  assign unused_half = sum_3[0];

  // The largest magnitudes on both sides.
  logic [16:0] top, bottom, size, result;
  logic        unused_result;
  assign top           = (17'd1 << (bits_i - 4'(signed_i))) - 17'd1;
  assign bottom        = signed_i ? top + 17'd1 : 17'd0;
  assign size          = minus_4_q ? ((size_4_q > bottom) ? bottom : size_4_q)
                       : ((size_4_q > top) ? top : size_4_q);
  assign result        = minus_4_q ? 17'd0 - size : size;
  assign unused_result = ^result[16:Bits];
  always_ff @(posedge clk_i) begin
    size_1_q    <= z_i[Width-1] ? Width'(0) - z_i : z_i;
    minus_1_q   <= z_i[Width-1];
    scale_1_q   <= scale_i;
    product_2_q <= PRODUCT'(size_1_q) * PRODUCT'(scale_1_q);
    minus_2_q   <= minus_1_q;
    shifted_3_q <= {shifted_2[PRODUCT:17] != '0, shifted_2[16:0]};
    minus_3_q   <= minus_2_q;
    size_4_q    <= shifted_3_q[17] ? 17'h1ffff : sum_3[17:1];
    minus_4_q   <= minus_3_q;
    value_o     <= result[Bits-1:0];
  end

endmodule

`default_nettype wire
