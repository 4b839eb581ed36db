// SPDX-License-Identifier: Apache-2.0
/// Transforms patches of pixels of one channel: once along each side.
///
/// Function:   Z = T Y T', or T' Y T if Inverse, exactly. The vectors of a patch come in as rows and
///             leave as columns, or the other way round. Equal to
///             hwgen.codec.transform.Transform.coefficients and inverse.
/// Timing:     a vector every Pace cycles, never stalls; the first one of a patch leaves 3 cycles
///             behind the last one that came in
/// Parameters: Kind 1 (Haar2), 2 (ICT4) or 3 (WHT4); Inverse 0 or 1; Width >= 1; Pace a power of two
/// Notes:      Vectors may come with gaps, but not oftener than every Pace cycles; those of a patch
///             leave Pace cycles apart, and each stays until the next one.
`default_nettype none

module hwg_codec_patch #(
  parameter int Kind    = 2,   // of the transform
  parameter int Inverse = 0,   // 1: back to pixels
  parameter int Width   = 16,  // of an input, two's complement
  parameter int Pace    = 1,   // cycles from vector to vector
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
  if (Pace < 1 || (Pace & (Pace - 1)) != 0) begin : gen_check_pace
    initial $fatal(1, "hwg_codec_patch: Pace must be a power of two");
  end
  if (Inverse < 0 || Inverse > 1) begin : gen_check_inverse
    initial $fatal(1, "hwg_codec_patch: Inverse must be 0 or 1");
  end

  localparam int PLACE_WIDTH = $clog2(Side);
  localparam int STEP_WIDTH  = PLACE_WIDTH + $clog2(Pace);  // vector, and cycle of it
  logic [Side*MidWidth-1:0]      mid;
  logic [PLACE_WIDTH-1:0]        in_place_q, out_place;
  logic [STEP_WIDTH-1:0]         out_step_q;
  logic                          in_bank_q, out_bank_q, full, giving_q, give, give_1_q;
  logic [Side*MidWidth-1:0]      turned, turned_1_q;
  logic [Side*OutWidth-1:0]      result;
  hwg_codec_butterfly #(
    .Kind   (Kind),
    .Inverse(Inverse),
    .Width  (Width)
  ) u_first (
    .data_i(in_data_i),
    .data_o(mid)
  );
  assign full      = in_valid_i & (&in_place_q);
  assign out_place = out_step_q[STEP_WIDTH-1 -: PLACE_WIDTH];
  if (Pace == 1) begin : gen_each
    assign give = giving_q;
  end else begin : gen_paced
    assign give = giving_q & (out_step_q[$clog2(Pace)-1:0] == '0);
  end

  // Two banks of Side vectors; one value of each is looked at.
  for (genvar k = 0; k < Side; k++) begin : gen_turn
    logic [Side*MidWidth-1:0] vector_0_q, vector_1_q, vector;
    logic                     here;
    assign here   = in_valid_i & (in_place_q == PLACE_WIDTH'(k));
    assign vector = out_bank_q ? vector_1_q : vector_0_q;
    assign turned[k*MidWidth +: MidWidth] = vector[32'(out_place)*MidWidth +: MidWidth];
    always_ff @(posedge clk_i) begin
      if (here && !in_bank_q) vector_0_q <= mid;
      if (here && in_bank_q)  vector_1_q <= mid;
    end
  end
  hwg_codec_butterfly #(
    .Kind   (Kind),
    .Inverse(Inverse),
    .Width  (MidWidth)
  ) u_second (
    .data_i(turned_1_q),
    .data_o(result)
  );

  always_ff @(posedge clk_i) begin
    turned_1_q <= turned;
    out_data_o <= result;
    if (!rst_ni) begin
      in_place_q  <= '0;
      out_step_q  <= '0;
      in_bank_q   <= 1'b0;
      out_bank_q  <= 1'b0;
      giving_q    <= 1'b0;
      give_1_q    <= 1'b0;
      out_valid_o <= 1'b0;
    end else begin
      in_place_q  <= in_place_q + PLACE_WIDTH'(in_valid_i);
      in_bank_q   <= in_bank_q ^ full;
      out_step_q  <= out_step_q + STEP_WIDTH'(giving_q);
      giving_q    <= full | (giving_q & ~(&out_step_q));
      out_bank_q  <= out_bank_q ^ (giving_q & (&out_step_q));
      give_1_q    <= give;
      out_valid_o <= give_1_q;
    end
  end

`ifdef HWG_ASSERT
  always @(posedge clk_i) begin
    if (rst_ni && full) assert (!giving_q || (&out_step_q));
  end
`endif

endmodule

`default_nettype wire
