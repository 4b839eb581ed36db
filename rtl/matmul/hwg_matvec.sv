// SPDX-License-Identifier: Apache-2.0
/// Matrix-vector unit: PE rows by SIMD columns of a matrix a cycle, one vector after the other.
///
/// Function:   out[row] = Bias[row] + sum over column of weight[row][column] * in[column], modulo
///             2**AccWidth. A vector comes as STEPS = ceil(Columns / SIMD) words, the first element in
///             the lowest bits of the first word; its results leave as TURNS = ceil(Rows / PE) words,
///             row turn*PE + p in place p.
///             Depthwise = 1: every row has columns of its own. Turn after turn, STEPS words come whose
///             element s*PE + p belongs to row turn*PE + p, column step*SIMD + s.
/// Timing:     interval exactly TURNS*STEPS cycles a vector, without a gap between vectors; latency
///             3 + ceil(LEVELS / 2) from the last word that a result sees, with LEVELS of hwg_dot:
///             ceil(log2(SIMD)), and with Dsp = 0 ceil(log2(ceil(AWidth / 4))) more. in_ready_o is
///             combinational in out_ready_i.
/// Parameters: sizes >= 1; SIMD <= Columns, PE <= Rows; operands of 1 to 16 bits; AccWidth holds every
///             result. BufferRam 0: registers, 1: distributed RAM, 2: block RAM holds a vector while
///             its turns last. Dsp as in hwg_dot; with 2, rows are taken in pairs (not Depthwise).
///             Bias has the one of row 0 in its lowest AccWidth bits, and PE*TURNS of them.
/// Notes:      Weights come from a memory beside the unit, of TURNS*STEPS words: while weight_step_o is
///             set it registers the word at weight_address_o = turn*STEPS + step. There the weight of
///             row turn*PE + p and column step*SIMD + s is in place p*SIMD + s, lowest bits first, and
///             0 beyond the last row and the last column: what the vector holds there is ignored.
///             The pipeline stands still as a whole while a result waits.
`default_nettype none

module hwg_matvec #(
  parameter int PE        = 2,  // rows a cycle
  parameter int SIMD      = 2,  // columns a cycle
  parameter int Rows      = 4,
  parameter int Columns   = 8,
  parameter int AWidth    = 8,  // bits of an activation
  parameter int ASigned   = 0,  // 1: activations are two's complement
  parameter int WWidth    = 8,  // bits of a weight
  parameter int WSigned   = 1,  // 1: weights are two's complement
  parameter int AccWidth  = 20, // bits of a result, two's complement
  parameter int Depthwise = 0,
  parameter int BufferRam = 1,
  parameter int Dsp       = 0,
  localparam int TURNS    = (Rows + PE - 1) / PE,
  localparam int STEPS    = (Columns + SIMD - 1) / SIMD,
  localparam int LANES    = (Depthwise != 0) ? PE * SIMD : SIMD,
  localparam int ADDRESS_WIDTH = (TURNS * STEPS > 1) ? $clog2(TURNS * STEPS) : 1,
  parameter logic [TURNS*PE*AccWidth-1:0] Bias = '0
) (
  input  wire logic                      clk_i,
  input  wire logic                      rst_ni,
  // weights
  output logic                           weight_step_o,
  output logic      [ADDRESS_WIDTH-1:0]  weight_address_o,
  input  wire logic [PE*SIMD*WWidth-1:0] weight_data_i,
  // in
  input  wire logic                      in_valid_i,
  output logic                           in_ready_o,
  input  wire logic [LANES*AWidth-1:0]   in_data_i,
  // out
  output logic                           out_valid_o,
  input  wire logic                      out_ready_i,
  output logic      [PE*AccWidth-1:0]    out_data_o
);

  if (PE < 1 || SIMD < 1 || Rows < 1 || Columns < 1) begin : gen_check_sizes
    initial $fatal(1, "hwg_matvec: PE, SIMD, Rows and Columns must be >= 1");
  end
  if (PE > Rows || SIMD > Columns) begin : gen_check_folds
    initial $fatal(1, "hwg_matvec: PE must not exceed Rows, nor SIMD Columns");
  end
  if (AWidth < 1 || AWidth > 16 || WWidth < 1 || WWidth > 16 || AccWidth < 1) begin : gen_check_width
    initial $fatal(1, "hwg_matvec: AWidth and WWidth must be 1 to 16, AccWidth >= 1");
  end
  if (ASigned < 0 || ASigned > 1 || WSigned < 0 || WSigned > 1 ||
      Depthwise < 0 || Depthwise > 1) begin : gen_check_flags
    initial $fatal(1, "hwg_matvec: ASigned, WSigned and Depthwise must be 0 or 1");
  end
  if (BufferRam < 0 || BufferRam > 2) begin : gen_check_buffer
    initial $fatal(1, "hwg_matvec: BufferRam must be 0, 1 or 2");
  end
  if (Dsp < 0 || Dsp > 2 || (Dsp == 2 && (Depthwise != 0 || WSigned != 1))) begin : gen_check_dsp
    initial $fatal(1, "hwg_matvec: Dsp must be 0, 1 or 2; 2 takes signed weights, not Depthwise");
  end

  localparam int STEP_WIDTH = (STEPS > 1) ? $clog2(STEPS) : 1;
  localparam int TURN_WIDTH = (TURNS > 1) ? $clog2(TURNS) : 1;
  localparam int LEVELS     = $clog2(SIMD) + ((Dsp == 0) ? $clog2((AWidth + 3) / 4) : 0);
  localparam int DEPTH      = 2 + (LEVELS + 1) / 2;  // steps from a word to the accumulator

  // -- Where the walk over the matrix is: the word that goes in next, by turn and step.
  logic [STEP_WIDTH-1:0]    step_q;
  logic [TURN_WIDTH-1:0]    turn_q;
  logic [ADDRESS_WIDTH-1:0] address_q;
  logic move;             // the pipeline moves
  logic go;               // with a word
  logic step_last, turn_last, taking;

  assign step_last = step_q == STEP_WIDTH'(STEPS - 1);
  assign turn_last = turn_q == TURN_WIDTH'(TURNS - 1);
  assign taking    = (Depthwise != 0) | (turn_q == '0);  // words come in, else they come again
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
    end else if (go) begin
      step_q <= step_last ? '0 : step_q + STEP_WIDTH'(1);
      if (step_last) turn_q <= turn_last ? '0 : turn_q + TURN_WIDTH'(1);
      address_q <= (step_last && turn_last) ? '0 : address_q + ADDRESS_WIDTH'(1);
    end
  end

  // -- Activations: from the link, and from the buffer in the turns behind the first.
  logic [LANES*AWidth-1:0] activations;
  if (Depthwise != 0 || TURNS == 1) begin : gen_straight
    always_ff @(posedge clk_i) begin
      if (move) activations <= in_data_i;
    end
  end else if (STEPS == 1) begin : gen_hold
    always_ff @(posedge clk_i) begin
      if (move && taking) activations <= in_data_i;
    end
  end else begin : gen_buffer
    logic [LANES*AWidth-1:0] again;  // of this step in the first turn
    hwg_line #(.Width(LANES*AWidth), .Depth(STEPS), .RamStyle(BufferRam)) u_buffer (
      .clk_i(clk_i), .rst_ni(rst_ni), .step_i(go),
      .data_i(taking ? in_data_i : again), .data_o(again)
    );
    always_ff @(posedge clk_i) begin
      if (move) activations <= taking ? in_data_i : again;
    end
  end

  // -- What travels beside the products.
  logic [DEPTH-1:0]            full_q, first_q, last_q;  // bit 0 is beside the activations
  logic [DEPTH*TURN_WIDTH-1:0] turns_q;
  if (DEPTH > 1) begin : gen_travel
    always_ff @(posedge clk_i) begin
      if (!rst_ni)   full_q <= '0;
      else if (move) full_q <= {full_q[DEPTH-2:0], go};
    end
    always_ff @(posedge clk_i) begin
      if (move) begin
        first_q <= {first_q[DEPTH-2:0], step_q == '0};
        last_q  <= {last_q[DEPTH-2:0], step_last};
        turns_q <= {turns_q[(DEPTH-1)*TURN_WIDTH-1:0], turn_q};
      end
    end
  end

  // -- Products, their sums, and the accumulators.
  logic                         sum_full, sum_first, sum_last;
  logic [TURN_WIDTH-1:0]        sum_turn;
  logic [PE*AccWidth-1:0]       bias, sums;
  assign sum_full  = full_q[DEPTH-1];
  assign sum_first = first_q[DEPTH-1];
  assign sum_last  = last_q[DEPTH-1];
  assign sum_turn  = turns_q[(DEPTH-1)*TURN_WIDTH +: TURN_WIDTH];

  hwg_constants #(.Width(PE*AccWidth), .Depth(TURNS), .Words(Bias)) u_bias (
    .address_i(sum_turn), .data_o(bias)
  );

  localparam int PAIRS = (Dsp == 2) ? PE / 2 : 0;
  for (genvar p = 0; p < PAIRS; p++) begin : gen_pair
    hwg_dot #(
      .Count(SIMD), .Rows(2), .AWidth(AWidth), .ASigned(ASigned), .WWidth(WWidth),
      .WSigned(WSigned), .SumWidth(AccWidth), .Dsp(2)
    ) u_dot (
      .clk_i(clk_i), .step_i(move), .data_i(activations),
      .weight_i(weight_data_i[2*p*SIMD*WWidth +: 2*SIMD*WWidth]),
      .sum_o(sums[2*p*AccWidth +: 2*AccWidth])
    );
  end
  for (genvar p = 2 * PAIRS; p < PE; p++) begin : gen_row
    logic [SIMD*AWidth-1:0] columns;
    if (Depthwise != 0) begin : gen_own
      for (genvar s = 0; s < SIMD; s++) begin : gen_column
        assign columns[s*AWidth +: AWidth] = activations[(s*PE+p)*AWidth +: AWidth];
      end
    end else begin : gen_shared
      assign columns = activations;
    end
    hwg_dot #(
      .Count(SIMD), .Rows(1), .AWidth(AWidth), .ASigned(ASigned), .WWidth(WWidth),
      .WSigned(WSigned), .SumWidth(AccWidth), .Dsp((Dsp == 0) ? 0 : 1)
    ) u_dot (
      .clk_i(clk_i), .step_i(move), .data_i(columns),
      .weight_i(weight_data_i[p*SIMD*WWidth +: SIMD*WWidth]),
      .sum_o(sums[p*AccWidth +: AccWidth])
    );
  end

  for (genvar p = 0; p < PE; p++) begin : gen_accumulator
    logic [AccWidth-1:0] start;
    assign start = sum_first ? bias[p*AccWidth +: AccWidth] : out_data_o[p*AccWidth +: AccWidth];
    always_ff @(posedge clk_i) begin
      if (move && sum_full) out_data_o[p*AccWidth +: AccWidth] <= sums[p*AccWidth +: AccWidth] + start;
    end
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni)   out_valid_o <= 1'b0;
    else if (move) out_valid_o <= sum_full & sum_last;
  end

endmodule

`default_nettype wire
