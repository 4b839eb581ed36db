// SPDX-License-Identifier: Apache-2.0
/// Looks at the description of a tensor before an engine starts on it.
///
/// Function:   a start is passed on if the core can do what is described, else refused: sizes and
///             slot are not 0, a block has at most Values values, bits, set and coder are the core's,
///             addresses are multiples of 2^Align bytes, and there is an engine at all. Of a
///             transformed tensor, if transforms are built (Transform 1): its kind is built, its KLT
///             has no more groups than are built, patches and groups are not divided by blocks, and
///             its sizes are those that the map makes
/// Timing:     start_o or refuse_o 3 cycles after start_i, busy_o between
/// Parameters: 1 <= Bits <= 15; 1 <= Sets <= 16; Values >= 1; 1 <= Align <= 13; Coder, Present,
///             Transform 0 or 1; Kinds a mask: 1 Haar2, 2 ICT4, 4 WHT4; Groups of a KLT-8, 0 to 512
/// Notes:      What the tensor is must stand still from start_i on. The number of blocks is not
///             compared with the sizes: a wrong one gives faults of the index.
`default_nettype none

module hwg_dma_descriptor_check #(
  parameter int Coder   = 0,     // 0: Huffman, 1: tANS
  parameter int Bits    = 8,     // of the widest values
  parameter int Sets    = 1,     // table sets
  parameter int Values  = 4096,  // of the largest block
  parameter int Align   = 6,     // bits of the addresses that must be 0
  parameter int Present = 1,     // 0: refuse all
  parameter int Transform = 0,   // 1: transforms are built
  parameter int Kinds   = 7,     // of them
  parameter int Groups  = 8      // of eight channels
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,
  input  wire logic             start_i,
  output logic                  busy_o,
  output logic                  start_o,
  output logic                  refuse_o,
  // the tensor
  input  wire logic [Align-1:0] data_addr_i,   // their lowest bits
  input  wire logic [Align-1:0] index_addr_i,
  input  wire logic             slotted_i,
  input  wire logic [15:0]      slot_i,
  input  wire logic [15:0]      height_i,
  input  wire logic [15:0]      width_i,
  input  wire logic [15:0]      channels_i,
  input  wire logic [12:0]      bh_i,
  input  wire logic [12:0]      bw_i,
  input  wire logic [12:0]      bc_i,
  input  wire logic [3:0]       bits_i,
  input  wire logic             tans_i,
  input  wire logic [3:0]       set_i,
  // its transform
  input  wire logic             transformed_i,
  input  wire logic [1:0]       kind_i,
  input  wire logic             klt_i,
  input  wire logic [15:0]      map_height_i,
  input  wire logic [15:0]      map_width_i
);

  if (Coder < 0 || Coder > 1) begin : gen_check_coder
    initial $fatal(1, "hwg_dma_descriptor_check: Coder must be 0 or 1");
  end
  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_dma_descriptor_check: Bits must be 1 to 15");
  end
  if (Sets < 1 || Sets > 16) begin : gen_check_sets
    initial $fatal(1, "hwg_dma_descriptor_check: Sets must be 1 to 16");
  end
  if (Values < 1 || Values > 4096) begin : gen_check_values
    initial $fatal(1, "hwg_dma_descriptor_check: Values must be 1 to 4096");
  end
  if (Align < 1 || Align > 13) begin : gen_check_align
    initial $fatal(1, "hwg_dma_descriptor_check: Align must be 1 to 13");
  end

  if (Kinds < 0 || Kinds > 7) begin : gen_check_kinds
    initial $fatal(1, "hwg_dma_descriptor_check: Kinds must be 0 to 7");
  end
  if (Groups < 0 || Groups > 512) begin : gen_check_groups
    initial $fatal(1, "hwg_dma_descriptor_check: Groups must be 0 to 512");
  end
  if (Present < 0 || Present > 1 || Transform < 0 || Transform > 1) begin : gen_check_flags
    initial $fatal(1, "hwg_dma_descriptor_check: Present and Transform must be 0 or 1");
  end

  logic [2:0]  step_q;
  logic [25:0] area_q, volume_q;
  logic        large_q, bad_d, bad_q;
  logic        wide, unknown;  // more bits, a set beyond those there are
  logic        strange_q;      // a transform that is not built, or not of this tensor

  assign busy_o   = |step_q;
  assign start_o  = step_q[2] & ~bad_q;
  assign refuse_o = step_q[2] & bad_q;

  // Linters call a comparison that is never true a mistake.
  if (Bits < 15) begin : gen_wide
    assign wide = bits_i > 4'(Bits);
  end else begin : gen_widest
    assign wide = 1'b0;
  end
  if (Sets < 16) begin : gen_sets
    assign unknown = set_i >= 4'(Sets);
  end else begin : gen_all_sets
    logic unused_set;
    assign unused_set = ^set_i;
    assign unknown    = 1'b0;
  end

  if (Transform != 0) begin : gen_transform
    localparam logic [3:0] BUILT = 4'(2 * Kinds + 1);  // none always is

    logic [1:0]  half;  // times that a side of a patch is halved
    logic [2:0]  unit;  // log2 of the channels that no block divides
    logic [6:0]  mask;
    logic [15:0] inputs;
    logic [16:0] rows, cols, spare;

    assign half   = (kind_i == 2'd0) ? 2'd0 : (kind_i == 2'd1) ? 2'd1 : 2'd2;
    assign unit   = {half, 1'b0} + (klt_i ? 3'd3 : 3'd0);
    assign mask   = 7'(8'd1 << unit) - 7'd1;
    assign spare  = (17'd1 << half) - 17'd1;
    assign rows   = ({1'b0, map_height_i} + spare) >> half;
    assign cols   = ({1'b0, map_width_i} + spare) >> half;
    assign inputs = channels_i >> {half, 1'b0};

    always_ff @(posedge clk_i) begin
      strange_q <= transformed_i
                 & (~BUILT[kind_i] | (klt_i & (inputs > 16'(8 * Groups)))
                    | (|(channels_i[6:0] & mask)) | ((|(bc_i[6:0] & mask)) & (16'(bc_i) < channels_i))
                    | (rows != {1'b0, height_i}) | (cols != {1'b0, width_i}));
    end
  end else begin : gen_no_transform
    logic unused_transform;

    assign unused_transform = ^{transformed_i, kind_i, klt_i, map_height_i, map_width_i};
    assign strange_q        = 1'b0;
  end

  assign bad_d = (Present == 0) | strange_q | large_q | (volume_q > 26'(Values))
               | (volume_q == '0) | (height_i == '0) | (width_i == '0) | (channels_i == '0)
               | (bits_i == '0) | wide | unknown
               | (tans_i != 1'(Coder)) | (data_addr_i != '0)
               | (slotted_i ? slot_i == '0 : index_addr_i != '0);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) step_q <= '0;
    else         step_q <= {step_q[1:0], start_i};
  end

  always_ff @(posedge clk_i) begin
    area_q   <= 26'(bh_i) * 26'(bw_i);
    large_q  <= area_q > 26'(Values);
    volume_q <= 26'(area_q[12:0]) * 26'(bc_i);
    bad_q    <= bad_d;
  end

endmodule

`default_nettype wire
