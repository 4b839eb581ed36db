// SPDX-License-Identifier: Apache-2.0
/// Transforms a vector of two or four values by adding and shifting.
///
/// Function:   data_o = T data_i, or T' data_i if Inverse, with T of hwgen.codec.transform.Spatial
/// Timing:     combinational
/// Parameters: Kind 1 (Haar2), 2 (ICT4) or 3 (WHT4); Inverse 0 or 1; Width >= 1
`default_nettype none

module hwg_codec_butterfly #(
  parameter int Kind    = 2,   // of the transform
  parameter int Inverse = 0,   // 1: the transposed matrix
  parameter int Width   = 16,  // of an input, two's complement
  localparam int Side     = (Kind == 1) ? 2 : 4,
  localparam int OutWidth = Width + 3
) (
  input  wire logic [Side*Width-1:0]    data_i,  // first value lowest
  output logic      [Side*OutWidth-1:0] data_o
);

  if (Kind < 1 || Kind > 3) begin : gen_check_kind
    initial $fatal(1, "hwg_codec_butterfly: Kind must be 1 to 3");
  end
  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_codec_butterfly: Width must be >= 1");
  end
  if (Inverse < 0 || Inverse > 1) begin : gen_check_inverse
    initial $fatal(1, "hwg_codec_butterfly: Inverse must be 0 or 1");
  end

  logic signed [OutWidth-1:0] x [0:Side-1];
  for (genvar i = 0; i < Side; i++) begin : gen_in
    assign x[i] = OutWidth'($signed(data_i[i*Width +: Width]));
  end

  if (Kind == 1) begin : gen_haar
    assign data_o = {x[0] - x[1], x[0] + x[1]};
  end else begin : gen_four
    logic signed [OutWidth-1:0] a, b, c, d;
    if (Kind == 3) begin : gen_wht
      assign a      = x[0] + x[1];
      assign b      = x[2] + x[3];
      assign c      = x[0] - x[1];
      assign d      = x[2] - x[3];
      assign data_o = {c + d, c - d, a - b, a + b};
    end else if (Inverse == 0) begin : gen_ict
      assign a      = x[0] + x[3];
      assign b      = x[1] + x[2];
      assign c      = x[0] - x[3];
      assign d      = x[1] - x[2];
      assign data_o = {c - (d <<< 1), a - b, (c <<< 1) + d, a + b};
    end else begin : gen_ict_back
      assign a      = x[0] + x[2];
      assign b      = x[0] - x[2];
      assign c      = (x[1] <<< 1) + x[3];
      assign d      = x[1] - (x[3] <<< 1);
      assign data_o = {a - c, b - d, b + d, a + c};
    end
  end

endmodule

`default_nettype wire
