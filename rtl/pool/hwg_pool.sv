// SPDX-License-Identifier: Apache-2.0
/// Reduces every window of a stream to its greatest element, or to its sum, channel by channel.
///
/// Function:   out[lane] = maximum, or sum, over tap of in[tap*Lanes + lane]
/// Timing:     latency 1 + ceil(ceil(log2(Taps)) / 2), interval 1; in_ready_o is combinational in
///             out_ready_i
/// Parameters: Taps, Lanes, Width, OutWidth >= 1; Kind 0: maximum (OutWidth = Width), 1: sum, modulo
///             2**OutWidth
/// Notes:      Stands behind hwg_window. What is outside of the map must not win: pad with the least
///             number for a maximum, with 0 for a sum. An average is a sum and a requantizer.
///             Every second level of the tree is registered; it stands still while a result waits.
`default_nettype none

module hwg_pool #(
  parameter int Taps     = 4,
  parameter int Lanes    = 2,
  parameter int Width    = 8,  // bits of an element
  parameter int Signed   = 1,  // 1: elements are two's complement
  parameter int Kind     = 0,
  parameter int OutWidth = 8
) (
  input  wire logic                        clk_i,
  input  wire logic                        rst_ni,
  // in
  input  wire logic                        in_valid_i,
  output logic                             in_ready_o,
  input  wire logic [Taps*Lanes*Width-1:0] in_data_i,
  // out
  output logic                             out_valid_o,
  input  wire logic                        out_ready_i,
  output logic      [Lanes*OutWidth-1:0]   out_data_o
);

  if (Taps < 1 || Lanes < 1 || Width < 1 || OutWidth < 1) begin : gen_check_sizes
    initial $fatal(1, "hwg_pool: Taps, Lanes, Width and OutWidth must be >= 1");
  end
  if (Signed < 0 || Signed > 1 || Kind < 0 || Kind > 1) begin : gen_check_flags
    initial $fatal(1, "hwg_pool: Signed and Kind must be 0 or 1");
  end
  if (Kind == 0 && OutWidth != Width) begin : gen_check_out
    initial $fatal(1, "hwg_pool: a maximum is as wide as its elements");
  end

  localparam int LEVELS = $clog2(Taps);
  localparam int STAGES = 1 + (LEVELS + 1) / 2;  // registers on the way, the first behind the input
  localparam int LEAVES = 2 ** LEVELS;
  localparam int NODE   = (OutWidth > Width) ? OutWidth : Width;

  logic              move;
  logic [STAGES-1:0] full_q;
  assign move        = ~out_valid_o | out_ready_i;
  assign in_ready_o  = move;
  assign out_valid_o = full_q[STAGES-1];
  always_ff @(posedge clk_i) begin
    if (!rst_ni)   full_q <= '0;
    else if (move) full_q <= STAGES'({full_q, in_valid_i});
  end

  for (genvar i = 0; i < Lanes; i++) begin : gen_lane
    // Node 1 is the root, node n joins 2n and 2n+1; a leaf without a tap joins nothing.
    logic [2*LEAVES*NODE-1:0] node;
    for (genvar t = 0; t < LEAVES; t++) begin : gen_leaf
      logic signed [NODE-1:0] leaf_q;
      if (t < Taps) begin : gen_tap
        logic [Width-1:0] x;
        assign x = in_data_i[(t*Lanes+i)*Width +: Width];
        always_ff @(posedge clk_i) begin
          if (move) leaf_q <= (Signed != 0) ? NODE'($signed(x)) : NODE'(x);
        end
      end else begin : gen_none
        assign leaf_q = '0;
      end
      assign node[(LEAVES+t)*NODE +: NODE] = leaf_q;
    end
    for (genvar h = 1; h <= LEVELS; h++) begin : gen_level
      for (genvar n = LEAVES / 2 ** h; n < 2 * LEAVES / 2 ** h; n++) begin : gen_node
        localparam int FIRST = (2 * n + 1) * 2 ** (h - 1) - LEAVES;  // the first tap of the right half
        logic [NODE-1:0] left, right, joined, kept;
        assign left  = node[2*n*NODE +: NODE];
        assign right = node[(2*n+1)*NODE +: NODE];
        if (FIRST >= Taps) begin : gen_left_alone
          logic unused_right;
          assign unused_right = ^right;
          assign joined       = left;
        end else if (Kind == 1) begin : gen_sum
          assign joined = left + right;
        end else begin : gen_maximum
          hwg_max #(
            .AWidth(NODE), .ASigned(Signed), .BWidth(NODE), .BSigned(Signed), .OutWidth(NODE)
          ) u_max (
            .a_i(left), .b_i(right), .data_o(joined)
          );
        end
        if (h % 2 == 0 || h == LEVELS) begin : gen_register
          always_ff @(posedge clk_i) begin
            if (move) kept <= joined;
          end
        end else begin : gen_wire
          assign kept = joined;
        end
        assign node[n*NODE +: NODE] = kept;
      end
    end
    logic unused_node;
    assign unused_node = ^{node[0 +: NODE], node[NODE +: NODE]};
    assign node[0 +: NODE] = '0;
    assign out_data_o[i*OutWidth +: OutWidth] = node[NODE +: OutWidth];
  end

endmodule

`default_nettype wire
