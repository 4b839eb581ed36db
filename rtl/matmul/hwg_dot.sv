// SPDX-License-Identifier: Apache-2.0
/// Dot product of one row of weights, or of two rows at once, with the same activations.
///
/// Function:   sum_o[r] = sum over i of weight_i[r*Count + i] * data_i[i], modulo 2**SumWidth
/// Timing:     in steps: the sum is there 1 + ceil(ceil(log2(Count)) / 2) steps after its operands;
///             interval one step
/// Parameters: Count, AWidth, WWidth, SumWidth >= 1, operands of at most 16 bits; Rows 1 or 2;
///             Dsp 0: products in tables, 1: a product a DSP block, 2: two products a DSP block
///             (Rows = 2, signed weights). With Dsp = 2 the block multiplies AWidth + 2*WWidth + 1
///             bits by AWidth + 1 (25 by 18 bits fit into all AMD blocks, 27 by 18 into UltraScale's).
/// Notes:      Products are registered, and so is every second level of the tree of adders.
///             Two products in one, exactly: (w1 * 2**S + w0) * a with S = AWidth + WWidth. The low S
///             bits are w0 * a, which fits into them with its sign; if it is negative it has borrowed
///             one from w1 * a above, which is given back.
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
  if (AWidth < 1 || AWidth > 16 || WWidth < 1 || WWidth > 16 || SumWidth < 1) begin : gen_check_width
    initial $fatal(1, "hwg_dot: AWidth and WWidth must be 1 to 16, SumWidth >= 1");
  end
  if (ASigned < 0 || ASigned > 1 || WSigned < 0 || WSigned > 1) begin : gen_check_signs
    initial $fatal(1, "hwg_dot: ASigned and WSigned must be 0 or 1");
  end
  if (Dsp < 0 || Dsp > 2 || (Dsp == 2 && (Rows != 2 || WSigned != 1))) begin : gen_check_dsp
    initial $fatal(1, "hwg_dot: Dsp must be 0, 1 or 2, and 2 takes two rows of signed weights");
  end

  localparam int PRODUCT_WIDTH = AWidth + WWidth + ((ASigned == 0 && WSigned == 0) ? 1 : 0);
  localparam int LEVELS        = $clog2(Count);
  localparam int LEAVES        = 2 ** LEVELS;

  // The tree of a row: node 1 is its root, node n adds 2n and 2n+1, leaves are LEAVES to 2*LEAVES-1.
  logic [Rows*2*LEAVES*SumWidth-1:0] node;

  for (genvar i = 0; i < LEAVES; i++) begin : gen_leaf
    logic signed [PRODUCT_WIDTH-1:0] product_q [0:Rows-1];
    if (i >= Count) begin : gen_none
      for (genvar r = 0; r < Rows; r++) begin : gen_zero
        assign product_q[r] = '0;
      end
    end else begin : gen_product
      logic signed [AWidth:0] a;
      assign a = {(ASigned != 0) & data_i[(i+1)*AWidth-1], data_i[i*AWidth +: AWidth]};
      if (Dsp == 2) begin : gen_pair
        localparam int SHIFT      = AWidth + WWidth;
        localparam int PAIR_WIDTH = SHIFT + WWidth + 1;
        localparam int WORD_WIDTH = PAIR_WIDTH + AWidth + 1;
        logic signed [WWidth-1:0]     w0, w1;
        logic signed [PAIR_WIDTH-1:0] pair;
        (* use_dsp = "yes" *) logic signed [WORD_WIDTH-1:0] word;
        logic [1:0]                   unused_high;
        assign w0          = weight_i[i*WWidth +: WWidth];
        assign w1          = weight_i[(Count+i)*WWidth +: WWidth];
        assign pair        = (PAIR_WIDTH'(w1) <<< SHIFT) + PAIR_WIDTH'(w0);
        assign word        = WORD_WIDTH'(pair) * WORD_WIDTH'(a);
        assign unused_high = word[WORD_WIDTH-1:2*SHIFT];
        always_ff @(posedge clk_i) begin
          if (step_i) begin
            product_q[0] <= word[SHIFT-1:0];
            product_q[1] <= word[2*SHIFT-1:SHIFT] + SHIFT'(word[SHIFT-1]);
          end
        end
      end else begin : gen_each
        for (genvar r = 0; r < Rows; r++) begin : gen_row
          localparam int AT = (r * Count + i) * WWidth;
          logic signed [WWidth:0] w;
          assign w = {(WSigned != 0) & weight_i[AT+WWidth-1], weight_i[AT +: WWidth]};
          if (Dsp == 1) begin : gen_dsp
            (* use_dsp = "yes" *) logic signed [PRODUCT_WIDTH-1:0] exact;
            assign exact = PRODUCT_WIDTH'(w) * PRODUCT_WIDTH'(a);
            always_ff @(posedge clk_i) begin
              if (step_i) product_q[r] <= exact;
            end
          end else begin : gen_table
            (* use_dsp = "no" *) logic signed [PRODUCT_WIDTH-1:0] exact;
            assign exact = PRODUCT_WIDTH'(w) * PRODUCT_WIDTH'(a);
            always_ff @(posedge clk_i) begin
              if (step_i) product_q[r] <= exact;
            end
          end
        end
      end
    end
    for (genvar r = 0; r < Rows; r++) begin : gen_place
      assign node[((2*r+1)*LEAVES+i)*SumWidth +: SumWidth] = SumWidth'(product_q[r]);
    end
  end

  for (genvar r = 0; r < Rows; r++) begin : gen_tree
    for (genvar h = 1; h <= LEVELS; h++) begin : gen_level  // h levels above the leaves
      localparam int LONG  = PRODUCT_WIDTH + h;
      localparam int WIDTH = (LONG < SumWidth) ? LONG : SumWidth;
      for (genvar n = LEAVES / 2 ** h; n < 2 * LEAVES / 2 ** h; n++) begin : gen_node
        localparam int LEFT  = (2 * r * LEAVES + 2 * n) * SumWidth;
        localparam int RIGHT = LEFT + SumWidth;
        logic signed [SumWidth-1:0] left, right;
        logic signed [WIDTH-1:0]    sum, kept;
        logic                       unused_signs;
        assign unused_signs = ^{left, right};
        assign left  = node[LEFT +: SumWidth];
        assign right = node[RIGHT +: SumWidth];
        assign sum   = WIDTH'(left) + WIDTH'(right);
        if (h % 2 == 0 || h == LEVELS) begin : gen_register
          always_ff @(posedge clk_i) begin
            if (step_i) kept <= sum;
          end
        end else begin : gen_wire
          assign kept = sum;
        end
        assign node[(2*r*LEAVES+n)*SumWidth +: SumWidth] = SumWidth'(kept);
      end
    end
    logic unused_spare;
    assign unused_spare = ^node[2*r*LEAVES*SumWidth +: SumWidth];
    assign node[2*r*LEAVES*SumWidth +: SumWidth] = '0;
    assign sum_o[r*SumWidth +: SumWidth] = node[(2*r*LEAVES+1)*SumWidth +: SumWidth];
  end

endmodule

`default_nettype wire
