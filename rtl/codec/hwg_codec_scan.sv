// SPDX-License-Identifier: Apache-2.0
/// Counts the values of a block in scan order, and tells the group of eight channels of each.
///
/// Function:   places 0, 1, 2, ... of a block whose channels run fastest; the group of a place is the
///             block's first one + channel / 8
/// Timing:     a place a cycle from the cycle behind start_i on; it moves on with go_i
/// Parameters: Values >= 2: places of the largest block; Groups >= 0
/// Notes:      The block's size stands still until its last place is gone.
`default_nettype none

module hwg_codec_scan #(
  parameter int Values = 4096,
  parameter int Groups = 8,  // of eight channels
  localparam int AddrWidth  = $clog2(Values),
  localparam int GroupWidth = (Groups > 1) ? $clog2(Groups) : 1
) (
  input  wire logic                  clk_i,
  input  wire logic                  rst_ni,
  // the block
  input  wire logic                  start_i,
  input  wire logic [12:0]           count_i,
  input  wire logic [11:0]           chans_i,  // less one
  input  wire logic [GroupWidth-1:0] group_i,
  // its places
  input  wire logic                  go_i,
  output logic                       valid_o,
  output logic      [AddrWidth-1:0]  addr_o,
  output logic      [GroupWidth-1:0] group_o,
  output logic                       last_o
);

  if (Values < 2) begin : gen_check_values
    initial $fatal(1, "hwg_codec_scan: Values must be >= 2");
  end
  if (Groups < 0) begin : gen_check_groups
    initial $fatal(1, "hwg_codec_scan: Groups must be >= 0");
  end

  logic [11:0] left_q;     // behind this one
  logic [11:0] channel_q;
  logic        pixel_ends;
  assign pixel_ends = channel_q == chans_i;
  assign last_o     = left_q == '0;
  assign group_o    = group_i + GroupWidth'(channel_q >> 3);
  always_ff @(posedge clk_i) begin
    if (start_i) begin
      left_q    <= 12'(count_i - 13'd1);
      channel_q <= '0;
      addr_o    <= '0;
    end else if (go_i) begin
      left_q    <= left_q - 12'd1;
      channel_q <= pixel_ends ? '0 : channel_q + 12'd1;
      addr_o    <= addr_o + AddrWidth'(1);
    end
    if (!rst_ni)             valid_o <= 1'b0;
    else if (start_i)        valid_o <= 1'b1;
    else if (go_i && last_o) valid_o <= 1'b0;
  end

endmodule

`default_nettype wire
