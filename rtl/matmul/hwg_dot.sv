// SPDX-License-Identifier: Apache-2.0
/// Dot product of one row of weights, or of two rows at once, with the same activations.
///
/// Function:   sum_o[r] = sum over i of weight_i[r*Count + i] * data_i[i], modulo 2**SumWidth
/// Timing:     in steps: the sum is there 1 + ceil(LEVELS / 2) steps after its operands, with LEVELS =
///             ceil(log2(Count)), and with Dsp = 0 ceil(log2(ceil(AWidth / 4))) more; interval one step
/// Parameters: Count, AWidth, WWidth, SumWidth >= 1; Rows 1 or 2;
///             Dsp 0: products of adders, 1: a product a DSP block, 2: two products a DSP block
///             (Rows = 2, signed weights). With Dsp = 2 the block multiplies AWidth + 2*WWidth + 1
///             bits by AWidth + 1 (25 by 18 bits fit into all AMD blocks, 27 by 18 into UltraScale's).
/// Notes:      Products are registered, and so is every second level of the tree of adders.
///             Without DSP blocks an activation is cut into digits of four bits. Each digit has a chain
///             of adders, one a bit, in which a table adds the weight or nothing; sums of digits are
///             aligned behind their trees, where there are fewest: sum = sum over d of 16**d * tree[d].
///             Two products in one, exactly: (w1 * 2**S + w0) * a with S = AWidth + WWidth. The low S
///             bits are w0 * a, which fits into them with its sign; if it is negative it has borrowed
///             one from w1 * a above, which is given back as the carry into an adder of the tree.
`default_nettype none

module hwg_dot #(
  parameter int Count    = 4,  // products of a row
  parameter int Rows     = 1,
  parameter int AWidth   = 8,  // bits of an activation
  parameter int ASigned  = 0,  // 1: activations are two's complement
  parameter int WWidth   = 8,  // bits of a weight
  parameter int WSigned  = 1,  // 1: weights are two's complement
  parameter int SumWidth = 18,
  parameter int Dsp      = 0
) (
  input  wire logic                         clk_i,
  input  wire logic                         step_i,
  input  wire logic [Count*AWidth-1:0]      data_i,
  input  wire logic [Rows*Count*WWidth-1:0] weight_i,
  output logic      [Rows*SumWidth-1:0]     sum_o
);

  if (Count < 1) begin : gen_check_count
    initial $fatal(1, "hwg_dot: Count must be >= 1");
  end
  if (Rows < 1 || Rows > 2) begin : gen_check_rows
    initial $fatal(1, "hwg_dot: Rows must be 1 or 2");
  end
  if (AWidth < 1 || WWidth < 1 || SumWidth < 1) begin : gen_check_width
    initial $fatal(1, "hwg_dot: AWidth, WWidth and SumWidth must be >= 1");
  end
  if (ASigned < 0 || ASigned > 1 || WSigned < 0 || WSigned > 1) begin : gen_check_signs
    initial $fatal(1, "hwg_dot: ASigned and WSigned must be 0 or 1");
  end
  if (Dsp < 0 || Dsp > 2 || (Dsp == 2 && (Rows != 2 || WSigned != 1))) begin : gen_check_dsp
    initial $fatal(1, "hwg_dot: Dsp must be 0, 1 or 2, and 2 takes two rows of signed weights");
  end

  localparam int DIGIT  = 4;
  localparam int DIGITS = (Dsp == 0) ? (AWidth + DIGIT - 1) / DIGIT : 1;
  localparam int FULL_WIDTH = AWidth + WWidth + ((ASigned == 0 && WSigned == 0) ? 1 : 0);
  localparam int REST_WIDTH = WWidth + ((WSigned == 0) ? 2 : 1);
  localparam int LEAF_WIDTH = (Dsp != 0) ? FULL_WIDTH
                                         : REST_WIDTH - 1 + ((AWidth < DIGIT) ? AWidth : DIGIT);
  localparam int LEVELS     = $clog2(Count);   // of a tree of one digit
  localparam int LEAVES     = 2 ** LEVELS;
  localparam int TOP_LEVELS = $clog2(DIGITS);  // above it
  localparam int ALL_LEAVES = LEAVES * 2 ** TOP_LEVELS;

  // Tree of a row: node 1 is its root, node n adds 2n and 2n+1; leaf i of digit d is node
  // ALL_LEAVES + d*LEAVES + i.
  logic [Rows*2*ALL_LEAVES*SumWidth-1:0] node;
  logic [ALL_LEAVES-1:0]                 borrowed;  // from the upper product of a pair by the lower

  for (genvar i = 0; i < ALL_LEAVES; i++) begin : gen_leaf
    localparam int AT = i % LEAVES;  // the product
    localparam int D  = i / LEAVES;  // and the digit of its activation
    logic [Rows*LEAF_WIDTH-1:0] leaf_q;
    if (AT >= Count || D >= DIGITS) begin : gen_none
      assign leaf_q = '0;
    end else if (Dsp == 2) begin : gen_pair
      localparam int SHIFT      = AWidth + WWidth;
      localparam int PAIR_WIDTH = SHIFT + WWidth + 1;
      localparam int WORD_WIDTH = PAIR_WIDTH + AWidth + 1;
      logic signed [AWidth:0]       a;
      // The borrow is given back in an adder of the tree: that of leaf 2k+1 in the one above it, that
      // of leaf 4k two above; only the rest takes an adder of its own.
      localparam logic OWN = AT % 4 == 2 || (AT % 4 == 0 && LEVELS < 2);
      logic signed [WWidth-1:0]     w0, w1;
      logic signed [PAIR_WIDTH-1:0] pair;
      logic        [SHIFT-1:0]      high;
      (* use_dsp = "yes" *) logic signed [WORD_WIDTH-1:0] word;
      logic [1:0]                   unused_high;
      assign a           = {(ASigned != 0) & data_i[(AT+1)*AWidth-1], data_i[AT*AWidth +: AWidth]};
      assign w0          = weight_i[AT*WWidth +: WWidth];
      assign w1          = weight_i[(Count+AT)*WWidth +: WWidth];
      assign pair        = {(WWidth + 1)'(w1) - {{WWidth{1'b0}}, w0[WWidth-1]}, SHIFT'(w0)};
      assign high        = word[2*SHIFT-1:SHIFT];
      assign word        = WORD_WIDTH'(pair) * WORD_WIDTH'(a);
      assign unused_high = word[WORD_WIDTH-1:2*SHIFT];
      always_ff @(posedge clk_i) begin
        if (step_i) begin
          leaf_q <= {OWN ? high + SHIFT'(word[SHIFT-1]) : high, word[SHIFT-1:0]};
        end
      end
    end else begin : gen_each
      for (genvar r = 0; r < Rows; r++) begin : gen_row
        logic signed [WWidth:0] w;
        assign w = {(WSigned != 0) & weight_i[(r*Count+AT+1)*WWidth-1],
                    weight_i[(r*Count+AT)*WWidth +: WWidth]};
        if (Dsp == 1) begin : gen_dsp
          logic signed [AWidth:0] a;
          (* use_dsp = "yes" *) logic signed [FULL_WIDTH-1:0] exact;
          assign a     = {(ASigned != 0) & data_i[(AT+1)*AWidth-1], data_i[AT*AWidth +: AWidth]};
          assign exact = FULL_WIDTH'(w) * FULL_WIDTH'(a);
          always_ff @(posedge clk_i) begin
            if (step_i) leaf_q[r*LEAF_WIDTH +: LEAF_WIDTH] <= exact;
          end
        end else begin : gen_adders
          // Bit by bit: rest is what the bits so far add up to, above the bits that are settled.
          localparam int BITS = (AWidth - D * DIGIT < DIGIT) ? AWidth - D * DIGIT : DIGIT;
          logic        [BITS-1:0]            bits;
          logic        [BITS*REST_WIDTH-1:0] rest;
          logic signed [REST_WIDTH+BITS-2:0] exact;
          assign bits = data_i[AT*AWidth+D*DIGIT +: BITS];
          for (genvar b = 0; b < BITS; b++) begin : gen_bit
            localparam logic MINUS = ASigned != 0 && D * DIGIT + b == AWidth - 1;
            logic signed [REST_WIDTH-1:0] prior, part;
            assign part = bits[b] ? REST_WIDTH'(w) : '0;
            if (b == 0) begin : gen_first
              assign prior = '0;
            end else begin : gen_next
              logic signed [REST_WIDTH-1:0] last;
              assign last       = rest[(b-1)*REST_WIDTH +: REST_WIDTH];
              assign prior      = last >>> 1;
              assign exact[b-1] = last[0];
            end
            assign rest[b*REST_WIDTH +: REST_WIDTH] = MINUS ? prior - part : prior + part;
          end
          assign exact[BITS-1 +: REST_WIDTH] = rest[(BITS-1)*REST_WIDTH +: REST_WIDTH];
          always_ff @(posedge clk_i) begin
            if (step_i) leaf_q[r*LEAF_WIDTH +: LEAF_WIDTH] <= LEAF_WIDTH'(exact);
          end
        end
      end
    end
    assign borrowed[i] = Dsp == 2 && leaf_q[LEAF_WIDTH-1];
    for (genvar r = 0; r < Rows; r++) begin : gen_place
      assign node[((2*r+1)*ALL_LEAVES+i)*SumWidth +: SumWidth]
        = SumWidth'($signed(leaf_q[r*LEAF_WIDTH +: LEAF_WIDTH]));
    end
  end

  for (genvar r = 0; r < Rows; r++) begin : gen_tree
    for (genvar h = 1; h <= LEVELS + TOP_LEVELS; h++) begin : gen_level  // above the leaves
      localparam int UP    = (h > LEVELS) ? h - LEVELS : 0;         // levels above a digit's tree
      localparam int SHIFT = (UP > 0) ? DIGIT * 2 ** (UP - 1) : 0;  // of the right operand
      localparam int GROWN = LEAF_WIDTH + h + DIGIT * (2 ** UP - 1);
      localparam int LONG  = (GROWN < FULL_WIDTH + LEVELS) ? GROWN : FULL_WIDTH + LEVELS;
      localparam int WIDTH = (LONG < SumWidth) ? LONG : SumWidth;
      for (genvar n = ALL_LEAVES / 2 ** h; n < 2 * ALL_LEAVES / 2 ** h; n++) begin : gen_node
        localparam int LEFT  = (2 * r * ALL_LEAVES + 2 * n) * SumWidth;
        localparam int RIGHT = LEFT + SumWidth;
        logic signed [SumWidth-1:0] left, right;
        logic signed [WIDTH-1:0]    sum, kept;
        logic                       unused_signs;
        assign unused_signs = ^{left, right};
        assign left         = node[LEFT +: SumWidth];
        assign right        = node[RIGHT +: SumWidth];
        if (Dsp == 2 && r == 1 && h <= 2) begin : gen_give_back
          localparam int LEAF = n * 2 ** h - ALL_LEAVES + ((h == 1) ? 1 : 0);
          logic [WIDTH:0] carried;  // the lowest bit makes the carry
          assign carried = {WIDTH'(left), 1'b1} + {WIDTH'(right), borrowed[LEAF]};
          assign sum     = carried[WIDTH:1];
          logic unused_lowest;
          assign unused_lowest = carried[0];
        end else if (SHIFT == 0) begin : gen_plain
          assign sum = WIDTH'(left) + WIDTH'(right);
        end else if (SHIFT < WIDTH) begin : gen_aligned
          logic signed [WIDTH-SHIFT-1:0] high;
          assign high = (WIDTH - SHIFT)'(left >>> SHIFT) + (WIDTH - SHIFT)'(right);
          assign sum  = {high, left[SHIFT-1:0]};
        end else begin : gen_beyond
          assign sum = WIDTH'(left);
        end
        if (h % 2 == 0 || h == LEVELS + TOP_LEVELS) begin : gen_register
          always_ff @(posedge clk_i) begin
            if (step_i) kept <= sum;
          end
        end else begin : gen_wire
          assign kept = sum;
        end
        assign node[(2*r*ALL_LEAVES+n)*SumWidth +: SumWidth] = SumWidth'(kept);
      end
    end
    logic unused_spare;
    assign unused_spare = ^{borrowed, node[2*r*ALL_LEAVES*SumWidth +: SumWidth]};
    assign node[2*r*ALL_LEAVES*SumWidth +: SumWidth] = '0;
    assign sum_o[r*SumWidth +: SumWidth] = node[(2*r*ALL_LEAVES+1)*SumWidth +: SumWidth];
  end

endmodule

`default_nettype wire
