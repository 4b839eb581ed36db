// SPDX-License-Identifier: Apache-2.0
/// Binary matrix-vector unit: PE rows by SIMD columns of signs a cycle, one vector after the other.
///
/// Function:   out[row] = Bias[kind][row] + 2 * matches, modulo 2**AccWidth, with matches the count of
///             columns whose bit of the vector equals that of the row; with SignOnly = 1 one bit, whether
///             Bias[kind][row] + matches >= 0. A bit 1 is +1 and 0 is -1, so that the sum of products of
///             n columns is 2 * matches - n. With Masked = 1 a column counts in the rows whose mask bit
///             is set: a weight is +1, -1 or 0.
///             A vector comes as STEPS = ceil(Columns / SIMD) words, the first element in the lowest bits
///             of the first word; its results leave as TURNS = ceil(Rows / PE) words, row turn*PE + p in
///             place p. Vectors are the positions of a map of Height x Width, row by row; that at (y, x)
///             has kind RowKinds[y]*KINDS_X + ColumnKinds[x]. So a border that is given as bits 0 is made
///             exact by a bias of its own, and a window costs one bit a pixel.
/// Timing:     interval exactly TURNS*STEPS cycles a vector, without a gap between vectors; latency
///             6 from the last word that a result sees. in_ready_o is combinational in out_ready_i.
/// Parameters: sizes >= 1; SIMD <= Columns, PE <= Rows; AccWidth holds every result, or with SignOnly the
///             bias and the count. RowKinds has that of row 0 in its lowest KindBits bits, ColumnKinds
///             alike; KindsX is one more than the largest of ColumnKinds, Kinds that of all vectors.
///             BufferRam 0: registers, 1: distributed RAM, 2: block RAM holds a vector while its turns
///             last. Bias has kind 0 in its lowest bits, of it row 0: Kinds*TURNS*PE words.
/// Notes:      Weights come from a memory beside the unit, of TURNS*STEPS words, in which they may change
///             between vectors: while weight_step_o is set it registers the word at weight_address_o =
///             turn*STEPS + step. There the weight of row turn*PE + p and column step*SIMD + s is in place
///             p*SIMD + s; with Masked the mask bits of all stand above, in the same order. What stands
///             beyond the last column is ignored.
///             The pipeline stands still as a whole while a result waits.
`default_nettype none

module hwg_xnor_matvec #(
  parameter int PE        = 2,  // rows a cycle
  parameter int SIMD      = 8,  // columns a cycle
  parameter int Rows      = 4,
  parameter int Columns   = 16,
  parameter int AccWidth  = 6,
  parameter int SignOnly  = 0,
  parameter int Masked    = 0,
  parameter int Height    = 1,  // vectors of a map
  parameter int Width     = 1,
  parameter int KindBits  = 1,
  parameter int KindsX    = 1,
  parameter int Kinds     = 1,
  parameter int BufferRam = 1,
  localparam int TURNS    = (Rows + PE - 1) / PE,
  localparam int STEPS    = (Columns + SIMD - 1) / SIMD,
  localparam int OUT_WIDTH     = (SignOnly != 0) ? 1 : AccWidth,
  localparam int WEIGHT_WIDTH  = (Masked != 0) ? 2 * PE * SIMD : PE * SIMD,
  localparam int ADDRESS_WIDTH = (TURNS * STEPS > 1) ? $clog2(TURNS * STEPS) : 1,
  parameter logic [Height*KindBits-1:0]         RowKinds    = '0,
  parameter logic [Width*KindBits-1:0]          ColumnKinds = '0,
  parameter logic [Kinds*TURNS*PE*AccWidth-1:0] Bias        = '0
) (
  input  wire logic                     clk_i,
  input  wire logic                     rst_ni,
  // weights
  output logic                          weight_step_o,
  output logic      [ADDRESS_WIDTH-1:0] weight_address_o,
  input  wire logic [WEIGHT_WIDTH-1:0]  weight_data_i,
  // in
  input  wire logic                     in_valid_i,
  output logic                          in_ready_o,
  input  wire logic [SIMD-1:0]          in_data_i,
  // out
  output logic                          out_valid_o,
  input  wire logic                     out_ready_i,
  output logic      [PE*OUT_WIDTH-1:0]  out_data_o
);

  if (PE < 1 || SIMD < 1 || Rows < 1 || Columns < 1) begin : gen_check_sizes
    initial $fatal(1, "hwg_xnor_matvec: PE, SIMD, Rows and Columns must be >= 1");
  end
  if (PE > Rows || SIMD > Columns) begin : gen_check_folds
    initial $fatal(1, "hwg_xnor_matvec: PE must not exceed Rows, nor SIMD Columns");
  end
  if (AccWidth < 2) begin : gen_check_width
    initial $fatal(1, "hwg_xnor_matvec: AccWidth must be >= 2");
  end
  if (SignOnly < 0 || SignOnly > 1 || Masked < 0 || Masked > 1) begin : gen_check_flags
    initial $fatal(1, "hwg_xnor_matvec: SignOnly and Masked must be 0 or 1");
  end
  if (Height < 1 || Width < 1 || KindBits < 1 || KindsX < 1 || Kinds < 1) begin : gen_check_map
    initial $fatal(1, "hwg_xnor_matvec: Height, Width, KindBits, KindsX and Kinds must be >= 1");
  end
  if (BufferRam < 0 || BufferRam > 2) begin : gen_check_buffer
    initial $fatal(1, "hwg_xnor_matvec: BufferRam must be 0, 1 or 2");
  end

  localparam int STEP_WIDTH  = (STEPS > 1) ? $clog2(STEPS) : 1;
  localparam int TURN_WIDTH  = (TURNS > 1) ? $clog2(TURNS) : 1;
  localparam int Y_WIDTH     = (Height > 1) ? $clog2(Height) : 1;
  localparam int X_WIDTH     = (Width > 1) ? $clog2(Width) : 1;
  localparam int COUNT_WIDTH = $clog2(SIMD + 1);
  localparam int REST        = Columns - (STEPS - 1) * SIMD;  // columns of the last step
  localparam int DEPTH       = 4;  // steps from a word to the accumulator

  // -- Where the walk is: step and turn of a vector, row and column of the map.
  logic [STEP_WIDTH-1:0]    step_q;
  logic [TURN_WIDTH-1:0]    turn_q;
  logic [Y_WIDTH-1:0]       y_q;
  logic [X_WIDTH-1:0]       x_q;
  logic [ADDRESS_WIDTH-1:0] address_q;
  logic move;  // the pipeline moves
  logic go;    // with a word
  logic step_last, turn_last, x_last, y_last, taking;

  assign step_last = step_q == STEP_WIDTH'(STEPS - 1);
  assign turn_last = turn_q == TURN_WIDTH'(TURNS - 1);
  assign x_last    = x_q == X_WIDTH'(Width - 1);
  assign y_last    = y_q == Y_WIDTH'(Height - 1);
  assign taking    = turn_q == '0;  // words come in, else they come again
  assign move      = ~out_valid_o | out_ready_i;
  assign go        = move & (in_valid_i | ~taking);

  assign in_ready_o       = move & taking;
  assign weight_step_o    = move;
  assign weight_address_o = address_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      step_q    <= '0;
      turn_q    <= '0;
      address_q <= '0;
      y_q       <= '0;
      x_q       <= '0;
    end else if (go) begin
      step_q    <= step_last ? '0 : step_q + STEP_WIDTH'(1);
      address_q <= (step_last && turn_last) ? '0 : address_q + ADDRESS_WIDTH'(1);
      if (step_last) turn_q <= turn_last ? '0 : turn_q + TURN_WIDTH'(1);
      if (step_last && turn_last) begin
        x_q <= x_last ? '0 : x_q + X_WIDTH'(1);
        if (x_last) y_q <= y_last ? '0 : y_q + Y_WIDTH'(1);
      end
    end
  end

  // -- Bits of the vector: from the link, and from the buffer in the turns behind the first.
  logic [SIMD-1:0] data_q;
  if (TURNS == 1) begin : gen_straight
    always_ff @(posedge clk_i) begin
      if (move) data_q <= in_data_i;
    end
  end else if (STEPS == 1) begin : gen_hold
    always_ff @(posedge clk_i) begin
      if (move && taking) data_q <= in_data_i;
    end
  end else begin : gen_buffer
    logic [SIMD-1:0] again, word;
    assign word = taking ? in_data_i : again;
    hwg_line #(.Width(SIMD), .Depth(STEPS), .RamStyle(BufferRam)) u_buffer (
      .clk_i(clk_i), .rst_ni(rst_ni), .step_i(go), .data_i(word), .data_o(again)
    );
    always_ff @(posedge clk_i) begin
      if (move) data_q <= word;
    end
  end

  // -- What travels beside the counts; bit 0 of each is beside the data. The place of the bias is that
  // of the vector's kind and turn.
  localparam int PLACES      = Kinds * TURNS;
  localparam int PLACE_WIDTH = (PLACES > 1) ? $clog2(PLACES) : 1;
  logic [KindBits-1:0]    row_kind, column_kind;
  logic [PLACE_WIDTH-1:0] place;
  hwg_constants #(.Width(KindBits), .Depth(Height), .Words(RowKinds)) u_row_kinds (
    .address_i(y_q), .data_o(row_kind)
  );
  hwg_constants #(.Width(KindBits), .Depth(Width), .Words(ColumnKinds)) u_column_kinds (
    .address_i(x_q), .data_o(column_kind)
  );
  assign place = PLACE_WIDTH'((32'(row_kind) * KindsX + 32'(column_kind)) * TURNS + 32'(turn_q));

  logic [DEPTH-1:0]             full_q, first_q, last_q;
  logic [DEPTH*PLACE_WIDTH-1:0] places_q;
  logic                         short_q;  // the data are of a last step
  always_ff @(posedge clk_i) begin
    if (!rst_ni)   full_q <= '0;
    else if (move) full_q <= {full_q[DEPTH-2:0], go};
  end
  always_ff @(posedge clk_i) begin
    if (move) begin
      first_q  <= {first_q[DEPTH-2:0], step_q == '0};
      last_q   <= {last_q[DEPTH-2:0], step_last};
      places_q <= {places_q[(DEPTH-1)*PLACE_WIDTH-1:0], place};
      short_q  <= step_last;
    end
  end

  // -- Bias of the place, registered beside the accumulator's result.
  logic [PE*AccWidth-1:0] bias, bias_q;
  hwg_constants #(.Width(PE*AccWidth), .Depth(PLACES), .Words(Bias)) u_bias (
    .address_i(places_q[(DEPTH-1)*PLACE_WIDTH +: PLACE_WIDTH]), .data_o(bias)
  );
  always_ff @(posedge clk_i) begin
    if (move) bias_q <= bias;
  end

  logic [SIMD-1:0] present;  // columns that there are
  if (REST == SIMD) begin : gen_whole
    logic unused_short;
    assign unused_short = short_q;
    assign present      = '1;
  end else begin : gen_rest
    assign present = short_q ? SIMD'({REST{1'b1}}) : '1;
  end

  logic done_q;  // the accumulators hold the matches of a result
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      done_q      <= 1'b0;
      out_valid_o <= 1'b0;
    end else if (move) begin
      done_q      <= full_q[DEPTH-1] & last_q[DEPTH-1];
      out_valid_o <= done_q;
    end
  end

  // -- Matches, accumulators, results: a row each.
  for (genvar p = 0; p < PE; p++) begin : gen_row
    logic [SIMD-1:0]        hits, counted_q;
    logic [COUNT_WIDTH-1:0] term;
    logic [AccWidth-1:0]    acc_q, sum;
    assign hits = present & ~(weight_data_i[p*SIMD +: SIMD] ^ data_q);
    if (Masked != 0) begin : gen_masked
      always_ff @(posedge clk_i) begin
        if (move) counted_q <= hits & weight_data_i[(PE+p)*SIMD +: SIMD];
      end
    end else begin : gen_every
      always_ff @(posedge clk_i) begin
        if (move) counted_q <= hits;
      end
    end
    hwg_popcount #(.Count(SIMD)) u_count (
      .clk_i(clk_i), .step_i(move), .data_i(counted_q), .count_o(term)
    );
    always_ff @(posedge clk_i) begin
      if (move && full_q[DEPTH-1]) begin
        acc_q <= (first_q[DEPTH-1] ? '0 : acc_q) + AccWidth'(term);
      end
    end
    if (SignOnly != 0) begin : gen_sign
      logic unused_low;
      assign unused_low = ^sum[AccWidth-2:0];
      assign sum        = acc_q + bias_q[p*AccWidth +: AccWidth];
      always_ff @(posedge clk_i) begin
        if (move && done_q) out_data_o[p] <= ~sum[AccWidth-1];
      end
    end else begin : gen_full
      assign sum = {acc_q[AccWidth-2:0], 1'b0} + bias_q[p*AccWidth +: AccWidth];
      always_ff @(posedge clk_i) begin
        if (move && done_q) out_data_o[p*AccWidth +: AccWidth] <= sum;
      end
    end
  end

endmodule

`default_nettype wire
