// SPDX-License-Identifier: Apache-2.0
/// Transforms patches of pixels of one channel, a value at a time, by a transform chosen at run time.
///
/// Function:   the values of each patch of k x k, transformed as hwg_codec_patch does and scanned the
///             other way: a patch that comes column by column leaves row by row. Kind 0 leaves values
///             as they are. With every value that leaves comes the class of its place.
/// Timing:     interval 1, never stalls; a patch leaves without gaps, its first value 5 cycles
///             (kind 0: 1 cycle) behind its last one that came in
/// Parameters: Inverse 0 or 1; Width >= 1; Kinds a mask: 1 Haar2, 2 ICT4, 4 WHT4
/// Notes:      kind_i stands still while values are under way, and is 0 or in the mask.
`default_nettype none

module hwg_codec_spatial #(
  parameter int Inverse = 0,   // 1: back to pixels
  parameter int Width   = 16,  // of an input, two's complement
  parameter int Kinds   = 7,   // that are built
  localparam int OutWidth = Width + 6
) (
  input  wire logic                clk_i,
  input  wire logic                rst_ni,
  input  wire logic [1:0]          kind_i,       // 0 none, 1 Haar2, 2 ICT4, 3 WHT4
  input  wire logic                in_valid_i,
  input  wire logic [Width-1:0]    in_value_i,
  input  wire logic                in_last_i,    // with the last value of a patch, or not at all
  output logic                     out_valid_o,
  output logic      [OutWidth-1:0] out_value_o,
  output logic      [1:0]          out_class_o,
  output logic                     out_last_o
);

  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_codec_spatial: Width must be >= 1");
  end
  if (Kinds < 0 || Kinds > 7) begin : gen_check_kinds
    initial $fatal(1, "hwg_codec_spatial: Kinds must be 0 to 7");
  end
  if (Inverse < 0 || Inverse > 1) begin : gen_check_inverse
    initial $fatal(1, "hwg_codec_spatial: Inverse must be 0 or 1");
  end

  localparam logic [2:0] BUILT = 3'(Kinds);

  // ---- vectors of the last two or four values
  logic [1:0]         place_q;
  logic [3*Width-1:0] before_q;
  logic [4*Width-1:0] four;
  logic [2*Width-1:0] two;
  logic               two_valid, four_valid;
  assign four       = {in_value_i, before_q};
  assign two        = four[4*Width-1 -: 2*Width];
  assign two_valid  = in_valid_i & (kind_i == 2'd1) & place_q[0];
  assign four_valid = in_valid_i & kind_i[1] & (place_q == 2'd3);
  always_ff @(posedge clk_i) begin
    if (in_valid_i) before_q <= four[4*Width-1 -: 3*Width];
    if (!rst_ni) place_q <= '0;
    else if (in_valid_i && kind_i != 2'd0) begin
      place_q <= (kind_i == 2'd1) ? {1'b0, ~place_q[0]} : place_q + 2'd1;
    end
  end
  logic                  valid_1;
  logic [2*Width-1:0]    two_q;
  logic [4*Width-1:0]    four_q;
  logic [1:0]            valids_q;  // of the vectors
  logic                  last_1_q;
  always_ff @(posedge clk_i) begin
    two_q  <= two;
    four_q <= four;
    if (!rst_ni) valids_q <= '0;
    else         valids_q <= {four_valid, two_valid};
  end
  assign valid_1 = |valids_q;
  logic unused_vectors;  // of kinds that are not built
  assign unused_vectors = ^{two_q, four_q};

  // ---- one transform of each kind that is built; what leaves stays until it is scanned
  logic [2:0]            leaves;
  logic [4*OutWidth-1:0] given [0:2];
  for (genvar k = 0; k < 3; k++) begin : gen_kind
    localparam int SIDE = (k == 0) ? 2 : 4;
    if (BUILT[k]) begin : gen_built
      logic [SIDE*Width-1:0]    vector;
      logic [SIDE*OutWidth-1:0] found;
      logic                     now;
      if (k == 0) begin : gen_two
        assign vector = two_q;
        assign now    = valids_q[0];
      end else begin : gen_four
        assign vector = four_q;
        assign now    = valids_q[1] & (kind_i == 2'(k + 1));
      end
      hwg_codec_patch #(
        .Kind   (k + 1),
        .Inverse(Inverse),
        .Width  (Width),
        .Pace   (SIDE)
      ) u_patch (
        .clk_i      (clk_i),
        .rst_ni     (rst_ni),
        .in_valid_i (now),
        .in_data_i  (vector),
        .out_valid_o(leaves[k]),
        .out_data_o (found)
      );
      assign given[k] = (4*OutWidth)'(found);
    end else begin : gen_none
      assign leaves[k] = 1'b0;
      assign given[k]  = '0;
    end
  end

  // ---- scanning: a vector that leaves is there for as many cycles as it has values
  logic [4*OutWidth-1:0] vector;
  logic                  starts, scanning_d, scanning_q;
  logic [1:0]            at_d, at_q, side;          // place in the vector
  logic [1:0]            row_q;                     // place of the vector
  logic                  vector_last_d, vector_last_q, patch_ends;
  logic [1:0]            patch_last_q;  // the older one above
  assign side   = (kind_i == 2'd1) ? 2'd1 : 2'd3;
  assign vector = ((kind_i == 2'd1) ? given[0] : '0) | ((kind_i == 2'd2) ? given[1] : '0)
                | ((kind_i == 2'd3) ? given[2] : '0);
  assign starts = |leaves;
  assign at_d       = starts ? 2'd0 : at_q + 2'd1;
  assign scanning_d = starts | (scanning_q & (at_q != side));
  // The mark of a block's last patch waits until that patch begins to leave.
  assign vector_last_d = (starts && row_q == 2'd0) ? patch_last_q[1] : vector_last_q;
  assign patch_ends    = scanning_d & (at_d == side) & (row_q == side);
  always_ff @(posedge clk_i) begin
    last_1_q <= in_last_i;
    patch_last_q <= {patch_last_q[0], valid_1 ? last_1_q : patch_last_q[0]};
    vector_last_q <= vector_last_d;
    if (kind_i == 2'd0) begin
      out_value_o <= {{(OutWidth - Width){in_value_i[Width-1]}}, in_value_i};
      out_class_o <= 2'd0;
      out_last_o  <= in_last_i;
    end else begin
      out_value_o <= vector[at_d*OutWidth +: OutWidth];
      out_class_o <= (kind_i == 2'd2) ? {1'b0, at_d[0]} + {1'b0, row_q[0]} : 2'd0;
      out_last_o  <= patch_ends & vector_last_d;
    end
    at_q <= at_d;
    if (!rst_ni) begin
      scanning_q  <= 1'b0;
      row_q       <= '0;
      out_valid_o <= 1'b0;
    end else begin
      scanning_q  <= scanning_d;
      out_valid_o <= scanning_d | (in_valid_i & (kind_i == 2'd0));
      if (scanning_d && at_d == side) row_q <= (row_q == side) ? 2'd0 : row_q + 2'd1;
    end
  end

endmodule

`default_nettype wire
