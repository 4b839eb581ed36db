// SPDX-License-Identifier: Apache-2.0
/// Transforms patches of pixels of one channel: once along each side.
///
/// Function:   Z = T Y T', or T' Y T if Inverse, exactly. The vectors of a patch come in as rows and
///             leave as columns, or the other way round. Equal to
///             hwgen.codec.transform.Transform.coefficients and inverse.
/// Timing:     a vector a cycle, never stalls; the first one of a patch leaves 2 cycles behind the
///             last one that came in
/// Parameters: Kind 1 (Haar2), 2 (ICT4) or 3 (WHT4); Inverse 0 or 1; Width >= 1
/// Notes:      Vectors may come with gaps; a patch leaves without.
`default_nettype none

module hwg_codec_patch #(
  parameter int Kind    = 2,   // of the transform
  parameter int Inverse = 0,   // 1: back to pixels
  parameter int Width   = 16,  // of an input, two's complement
  localparam int Side     = (Kind == 1) ? 2 : 4,
  localparam int MidWidth = Width + 3,
  localparam int OutWidth = Width + 6
) (
  input  wire logic                     clk_i,
  input  wire logic                     rst_ni,
  input  wire logic                     in_valid_i,
  input  wire logic [Side*Width-1:0]    in_data_i,
  output logic                          out_valid_o,
  output logic      [Side*OutWidth-1:0] out_data_o
);

  if (Kind < 1 || Kind > 3) begin : gen_check_kind
    initial $fatal(1, "hwg_codec_patch: Kind must be 1 to 3");
  end
  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_codec_patch: Width must be >= 1");
  end

  localparam int PLACE_WIDTH = $clog2(Side);
  logic [Side*MidWidth-1:0]      mid;
  logic [Side*Side*MidWidth-1:0] bank_q [0:1];  // vector k of a patch at k * Side
  logic [PLACE_WIDTH-1:0]        in_place_q, out_place_q;
  logic                          in_bank_q, out_bank_q, full, giving_q;
  logic [Side*MidWidth-1:0]      turned;
  logic [Side*OutWidth-1:0]      result;
  hwg_codec_butterfly #(
    .Kind   (Kind),
    .Inverse(Inverse),
    .Width  (Width)
  ) u_first (
    .data_i(in_data_i),
    .data_o(mid)
  );
  assign full = in_valid_i & (&in_place_q);

  for (genvar k = 0; k < Side; k++) begin : gen_turn
    assign turned[k*MidWidth +: MidWidth] =
        bank_q[out_bank_q][(k*Side + 32'(out_place_q))*MidWidth +: MidWidth];
  end
  hwg_codec_butterfly #(
    .Kind   (Kind),
    .Inverse(Inverse),
    .Width  (MidWidth)
  ) u_second (
    .data_i(turned),
    .data_o(result)
  );

  always_ff @(posedge clk_i) begin
    if (in_valid_i) bank_q[in_bank_q][32'(in_place_q)*Side*MidWidth +: Side*MidWidth] <= mid;
    out_data_o <= result;
    if (!rst_ni) begin
      in_place_q  <= '0;
      out_place_q <= '0;
      in_bank_q   <= 1'b0;
      out_bank_q  <= 1'b0;
      giving_q    <= 1'b0;
      out_valid_o <= 1'b0;
    end else begin
      in_place_q  <= in_place_q + PLACE_WIDTH'(in_valid_i);
      in_bank_q   <= in_bank_q ^ full;
      out_place_q <= out_place_q + PLACE_WIDTH'(giving_q);
      giving_q    <= full | (giving_q & ~(&out_place_q));
      out_bank_q  <= out_bank_q ^ (giving_q & (&out_place_q));
      out_valid_o <= giving_q;
    end
  end

endmodule

`default_nettype wire
