// SPDX-License-Identifier: Apache-2.0
/// Matrix-vector unit on bit planes: operands of 1 to 8 bits, as many as each vector asks for.
///
/// Function:   out[row] = Bias[table][row] + sum over column of w[row][column] * x[column], modulo
///             2**AccWidth; with SignOnly = 1 its sign alone, 1 from 0 on, so that a bias is a threshold.
///             Of the WWidth and AWidth bits of an operand the upper weight_planes_i = m and data_planes_i
///             = n count: w = floor(word / 2**(WWidth-m)), x = floor(word / 2**(AWidth-n)). They are
///             unsigned, two's complement (weight_signed_i, data_signed_i), or with bipolar_i both are
///             sums of planes of +1 (bit set) and -1: w = 2*w' - (2**m - 1) of the unsigned w', x alike.
///             A product of planes is a popcount: sum of w * x = sum over planes i, j, the highest is
///             0, of +-2**(m-1-i + n-1-j) * popcount(w_i & x_j), minus where one of them is a sign;
///             bipolar: 2*popcount(~(w_i ^ x_j)) - columns in its place.
///             A vector comes as STEPS = ceil(Columns / SIMD) words, the first element in the lowest bits
///             of the first word; its results leave as TURNS = ceil(Rows / PE) words, row turn*PE + p in
///             place p.
/// Timing:     interval exactly TURNS*m*n*STEPS cycles a vector, without a gap between vectors; latency
///             5 + (m*n - 1)*STEPS from the last word of the vector to its first result. in_ready_o is
///             combinational in out_ready_i.
/// Parameters: sizes >= 1; SIMD <= Columns, PE <= Rows; operands of 1 to 8 bits; BufferRam 0: registers,
///             1: distributed RAM, 2: block RAM holds a vector. Bias has table 0 in its lowest bits, of
///             it row 0, and Tables*PE*TURNS words of AccWidth bits.
/// Notes:      Planes, kinds and table are ports that are taken with the first word of a vector: each
///             vector may have its own. A number of planes is 1 to WWidth or AWidth, and no more is asked
///             of it: fewer planes of the same weights are those weights rounded down.
///             Pairs of planes come by falling weight 2**(m-1-i + n-1-j), so the accumulator shifts by one
///             bit between weights and nothing else shifts.
///             Weights come from a memory beside the unit, of WWidth*TURNS*STEPS words: while
///             weight_step_o is set it registers the word at weight_address_o = (i*TURNS + turn)*STEPS +
///             step. There plane i, the highest is 0, of row turn*PE + p and column step*SIMD + s is in
///             place p*SIMD + s. What stands beyond the last column is ignored.
///             The pipeline stands still as a whole while a result waits.
`default_nettype none

module hwg_bit_planes #(
  parameter int PE        = 2,  // rows a cycle
  parameter int SIMD      = 8,  // columns a cycle
  parameter int Rows      = 4,
  parameter int Columns   = 16,
  parameter int AWidth    = 8,  // most bits of an activation
  parameter int WWidth    = 8,  // most bits of a weight
  parameter int AccWidth  = 22,
  parameter int SignOnly  = 0,
  parameter int Tables    = 1,
  parameter int BufferRam = 1,
  localparam int TURNS    = (Rows + PE - 1) / PE,
  localparam int STEPS    = (Columns + SIMD - 1) / SIMD,
  localparam int PLANE    = TURNS * STEPS,  // words of a plane of weights
  localparam int OUT_WIDTH     = (SignOnly != 0) ? 1 : AccWidth,
  localparam int TABLE_WIDTH   = (Tables > 1) ? $clog2(Tables) : 1,
  localparam int ADDRESS_WIDTH = (WWidth * PLANE > 1) ? $clog2(WWidth * PLANE) : 1,
  parameter logic [Tables*TURNS*PE*AccWidth-1:0] Bias = '0
) (
  input  wire logic                     clk_i,
  input  wire logic                     rst_ni,
  // of a vector, taken with its first word
  input  wire logic [3:0]               weight_planes_i,
  input  wire logic [3:0]               data_planes_i,
  input  wire logic                     weight_signed_i,
  input  wire logic                     data_signed_i,
  input  wire logic                     bipolar_i,
  input  wire logic [TABLE_WIDTH-1:0]   table_i,
  // weights
  output logic                          weight_step_o,
  output logic      [ADDRESS_WIDTH-1:0] weight_address_o,
  input  wire logic [PE*SIMD-1:0]       weight_data_i,
  // in
  input  wire logic                     in_valid_i,
  output logic                          in_ready_o,
  input  wire logic [SIMD*AWidth-1:0]   in_data_i,
  // out
  output logic                          out_valid_o,
  input  wire logic                     out_ready_i,
  output logic      [PE*OUT_WIDTH-1:0]  out_data_o
);

  if (PE < 1 || SIMD < 1 || Rows < 1 || Columns < 1) begin : gen_check_sizes
    initial $fatal(1, "hwg_bit_planes: PE, SIMD, Rows and Columns must be >= 1");
  end
  if (PE > Rows || SIMD > Columns) begin : gen_check_folds
    initial $fatal(1, "hwg_bit_planes: PE must not exceed Rows, nor SIMD Columns");
  end
  if (AWidth < 1 || AWidth > 8 || WWidth < 1 || WWidth > 8 || AccWidth < 2) begin : gen_check_width
    initial $fatal(1, "hwg_bit_planes: AWidth and WWidth must be 1 to 8, AccWidth >= 2");
  end
  if (SignOnly < 0 || SignOnly > 1 || Tables < 1) begin : gen_check_tables
    initial $fatal(1, "hwg_bit_planes: SignOnly must be 0 or 1, Tables >= 1");
  end
  if (BufferRam < 0 || BufferRam > 2) begin : gen_check_buffer
    initial $fatal(1, "hwg_bit_planes: BufferRam must be 0, 1 or 2");
  end

  localparam int STEP_WIDTH  = (STEPS > 1) ? $clog2(STEPS) : 1;
  localparam int TURN_WIDTH  = (TURNS > 1) ? $clog2(TURNS) : 1;
  localparam int GROUP       = 16;  // bits that are counted in one table after the other
  localparam int GROUPS      = (SIMD + GROUP - 1) / GROUP;
  localparam int GROUP_WIDTH = 5;
  localparam int COUNT_WIDTH = $clog2(SIMD + 1);
  localparam int REST        = Columns - (STEPS - 1) * SIMD;  // columns of the last step
  localparam int KIND_WIDTH  = 3 + TABLE_WIDTH;
  localparam int DEPTH       = 3;  // steps from a word to the accumulator

  logic move;  // the pipeline moves
  logic go;    // with a word

  // -- Planes and kinds of the vector: from the ports with its first word, then as they were.
  logic                  begins;
  logic [3:0]            weight_planes, data_planes, weight_planes_q, data_planes_q;
  logic [KIND_WIDTH-1:0] kind, kind_q;  // table, bipolar, signs of data and weights
  assign weight_planes = begins ? weight_planes_i : weight_planes_q;
  assign data_planes   = begins ? data_planes_i : data_planes_q;
  assign kind = begins ? {table_i, bipolar_i, data_signed_i, weight_signed_i} : kind_q;
  always_ff @(posedge clk_i) begin
    if (go) begin
      weight_planes_q <= weight_planes;
      data_planes_q   <= data_planes;
      kind_q          <= kind;
    end
  end

  // -- Where the walk is: step of a pair of planes, plane i of weights and j of data, turn.
  logic [STEP_WIDTH-1:0] step_q, step_next;
  logic [3:0]            i_q, j_q, i_next, j_next, up, up_i;
  logic [TURN_WIDTH-1:0] turn_q, turn_next;
  logic                  raises_q, raises_next;  // the pair is the first of its weight
  logic                  step_last, pair_last, turn_last, weight_last, taking;

  assign step_last   = step_q == STEP_WIDTH'(STEPS - 1);
  assign pair_last   = (i_q + 4'd1 == weight_planes) & (j_q + 4'd1 == data_planes);
  assign turn_last   = turn_q == TURN_WIDTH'(TURNS - 1);
  assign weight_last = (i_q == 4'd0) | (j_q + 4'd1 == data_planes);
  assign taking      = (turn_q == '0) & (i_q == 4'd0) & (j_q == 4'd0);  // words come in, else again
  assign begins      = taking & (step_q == '0);
  assign move        = ~out_valid_o | out_ready_i;
  assign go          = move & (in_valid_i | ~taking);
  assign up          = i_q + j_q + 4'd1;
  assign up_i        = (up < weight_planes) ? up : weight_planes - 4'd1;

  always_comb begin
    step_next   = step_q + STEP_WIDTH'(1);
    i_next      = i_q;
    j_next      = j_q;
    turn_next   = turn_q;
    raises_next = raises_q;
    if (step_last) begin
      step_next   = '0;
      raises_next = 1'b0;
      if (pair_last) begin
        i_next    = 4'd0;
        j_next    = 4'd0;
        turn_next = turn_last ? '0 : turn_q + TURN_WIDTH'(1);
      end else if (weight_last) begin
        i_next      = up_i;
        j_next      = up - up_i;
        raises_next = 1'b1;
      end else begin
        i_next = i_q - 4'd1;
        j_next = j_q + 4'd1;
      end
    end
  end

  logic [ADDRESS_WIDTH-1:0] address_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      step_q    <= '0;
      i_q       <= 4'd0;
      j_q       <= 4'd0;
      turn_q    <= '0;
      raises_q  <= 1'b0;
      address_q <= '0;
    end else if (go) begin
      step_q    <= step_next;
      i_q       <= i_next;
      j_q       <= j_next;
      turn_q    <= turn_next;
      raises_q  <= raises_next;
      address_q <= ADDRESS_WIDTH'(32'(i_next) * PLANE + 32'(turn_next) * STEPS + 32'(step_next));
    end
  end
  assign in_ready_o       = move & taking;
  assign weight_step_o    = move;
  assign weight_address_o = address_q;

  // -- One plane of the words: from the link, and from the buffer behind the first pair.
  logic [SIMD*AWidth-1:0] again, word;
  logic [SIMD-1:0]        plane, data_q;
  logic [2:0]             bit_of;
  hwg_line #(.Width(SIMD*AWidth), .Depth(STEPS), .RamStyle(BufferRam)) u_buffer (
    .clk_i(clk_i), .rst_ni(rst_ni), .step_i(go), .data_i(word), .data_o(again)
  );
  assign word   = taking ? in_data_i : again;
  assign bit_of = 3'(AWidth - 1) - j_q[2:0];
  for (genvar s = 0; s < SIMD; s++) begin : gen_plane
    logic [7:0] element;
    assign element  = 8'(word[s*AWidth +: AWidth]);
    assign plane[s] = element[bit_of];
  end
  always_ff @(posedge clk_i) begin
    if (move) data_q <= plane;
  end

  // -- What travels beside the counts; bit 0 of each is beside the data.
  logic [DEPTH-1:0]            full_q, first_q, raise_q, minus_q, final_q, short_q;
  logic [DEPTH*TURN_WIDTH-1:0] turns_q;
  logic [DEPTH*KIND_WIDTH-1:0] kinds_q;
  logic                        minus;
  assign minus = ~kind[2] & ((kind[0] & (i_q == 4'd0)) ^ (kind[1] & (j_q == 4'd0)));
  always_ff @(posedge clk_i) begin
    if (!rst_ni)   full_q <= '0;
    else if (move) full_q <= {full_q[DEPTH-2:0], go};
  end
  always_ff @(posedge clk_i) begin
    if (move) begin
      first_q <= {first_q[DEPTH-2:0], (step_q == '0) & (i_q == 4'd0) & (j_q == 4'd0)};
      raise_q <= {raise_q[DEPTH-2:0], (step_q == '0) & raises_q};
      minus_q <= {minus_q[DEPTH-2:0], minus};
      final_q <= {final_q[DEPTH-2:0], step_last & pair_last};
      short_q <= {short_q[DEPTH-2:0], step_last};
      turns_q <= {turns_q[(DEPTH-1)*TURN_WIDTH-1:0], turn_q};
      kinds_q <= {kinds_q[(DEPTH-1)*KIND_WIDTH-1:0], kind};
    end
  end

  logic [KIND_WIDTH-1:0] last_kind;  // beside the accumulator
  logic [TURN_WIDTH-1:0] last_turn;
  logic [1:0]            unused_signs;
  assign last_kind    = kinds_q[(DEPTH-1)*KIND_WIDTH +: KIND_WIDTH];
  assign last_turn    = turns_q[(DEPTH-1)*TURN_WIDTH +: TURN_WIDTH];
  assign unused_signs = last_kind[1:0];

  // -- Bias of the table and the turn, registered beside the accumulator's result.
  localparam int BIASES      = Tables * TURNS;
  localparam int BIAS_WIDTH  = (BIASES > 1) ? $clog2(BIASES) : 1;
  logic [BIAS_WIDTH-1:0]  bias_place;
  logic [PE*AccWidth-1:0] bias, bias_q;
  assign bias_place = BIAS_WIDTH'(32'(last_kind[KIND_WIDTH-1:3]) * TURNS + 32'(last_turn));
  hwg_constants #(.Width(PE*AccWidth), .Depth(BIASES), .Words(Bias)) u_bias (
    .address_i(bias_place), .data_o(bias)
  );
  always_ff @(posedge clk_i) begin
    if (move) bias_q <= bias;
  end

  // -- Counts, accumulators, results: a row each.
  logic [SIMD-1:0] present;  // columns that there are
  if (REST == SIMD) begin : gen_whole
    assign present = '1;
  end else begin : gen_rest
    assign present = short_q[0] ? SIMD'({REST{1'b1}}) : '1;
  end
  logic [AccWidth-1:0] columns;
  assign columns = short_q[DEPTH-1] ? AccWidth'(REST) : AccWidth'(SIMD);

  logic done_q;  // the accumulators hold a result
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      done_q      <= 1'b0;
      out_valid_o <= 1'b0;
    end else if (move) begin
      done_q      <= full_q[DEPTH-1] & final_q[DEPTH-1];
      out_valid_o <= done_q;
    end
  end

  for (genvar p = 0; p < PE; p++) begin : gen_row
    logic [GROUPS*GROUP-1:0]       match;
    logic [GROUPS*GROUP_WIDTH-1:0] parts_q;
    logic [COUNT_WIDTH-1:0]        count, count_q;
    logic [AccWidth-1:0]           term, start, acc_q, sum;
    logic [SIMD-1:0]               weights, hits;
    assign weights = weight_data_i[p*SIMD +: SIMD];
    assign hits    = present & (kinds_q[2] ? ~(weights ^ data_q) : (weights & data_q));
    assign match   = (GROUPS*GROUP)'(hits);
    for (genvar g = 0; g < GROUPS; g++) begin : gen_group
      always_ff @(posedge clk_i) begin
        if (move) parts_q[g*GROUP_WIDTH +: GROUP_WIDTH] <= GROUP_WIDTH'($countones(match[g*GROUP +: GROUP]));
      end
    end
    always_comb begin
      count = '0;
      for (int g = 0; g < GROUPS; g++) begin
        count = count + COUNT_WIDTH'(parts_q[g*GROUP_WIDTH +: GROUP_WIDTH]);
      end
    end
    assign term  = last_kind[2] ? AccWidth'({count_q, 1'b0}) - columns : AccWidth'(count_q);
    assign start = first_q[DEPTH-1] ? '0
                   : raise_q[DEPTH-1] ? {acc_q[AccWidth-2:0], 1'b0} : acc_q;
    always_ff @(posedge clk_i) begin
      if (move) begin
        count_q <= count;
        if (full_q[DEPTH-1]) acc_q <= minus_q[DEPTH-1] ? start - term : start + term;
      end
    end
    assign sum = acc_q + bias_q[p*AccWidth +: AccWidth];
    if (SignOnly != 0) begin : gen_sign
      logic unused_low;
      assign unused_low = ^sum[AccWidth-2:0];
      always_ff @(posedge clk_i) begin
        if (move && done_q) out_data_o[p] <= ~sum[AccWidth-1];
      end
    end else begin : gen_full
      always_ff @(posedge clk_i) begin
        if (move && done_q) out_data_o[p*AccWidth +: AccWidth] <= sum;
      end
    end
  end

endmodule

`default_nettype wire
