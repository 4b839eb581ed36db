// SPDX-License-Identifier: Apache-2.0
/// Brings an AXI-Stream from one clock to another.
///
/// Function:   beats leave as they came (TDATA, TKEEP, TLAST), in order, none lost, none doubled
/// Timing:     a beat can leave with the (Stages + 1)-th edge of the out clock behind the edge of the in
///             clock with which it came: Stages to Stages + 1 cycles. A beat in every cycle of the slower
///             clock if Depth >= 2*Stages + 4
/// Parameters: DataWidth a multiple of 8; Depth a power of two >= 4; Stages >= 2
/// Notes:      In reset nothing is taken: ready is low, so that a master on the in clock, which may not
///             be in reset itself, loses no beat. Both resets come from one hwg_reset_pair. The handshake
///             rules are in docs/links.md, the constraints those of hwg_cdc_fifo.
`default_nettype none

module hwg_axis_cross #(
  parameter int DataWidth = 64,  // bits of a beat
  parameter int Depth     = 8,   // beats
  parameter int Stages    = 2    // registers that a count passes
) (
  // in
  input  wire logic                   in_clk_i,
  input  wire logic                   in_rst_ni,
  input  wire logic                   in_valid_i,
  output logic                        in_ready_o,
  input  wire logic [DataWidth-1:0]   in_data_i,
  input  wire logic [DataWidth/8-1:0] in_keep_i,
  input  wire logic                   in_last_i,
  // out
  input  wire logic                   out_clk_i,
  input  wire logic                   out_rst_ni,
  output logic                        out_valid_o,
  input  wire logic                   out_ready_i,
  output logic      [DataWidth-1:0]   out_data_o,
  output logic      [DataWidth/8-1:0] out_keep_o,
  output logic                        out_last_o
);

  if (DataWidth < 8 || DataWidth % 8 != 0) begin : gen_check_data
    initial $fatal(1, "hwg_axis_cross: DataWidth must be a multiple of 8");
  end

  if (Depth < 4 || 2 ** $clog2(Depth) != Depth) begin : gen_check_depth
    initial $fatal(1, "hwg_axis_cross: Depth must be a power of two >= 4");
  end
  if (Stages < 2) begin : gen_check_stages
    initial $fatal(1, "hwg_axis_cross: Stages must be >= 2");
  end

  localparam int BEAT_WIDTH = DataWidth + DataWidth / 8 + 1;

  logic                  room, waiting;
  logic [BEAT_WIDTH-1:0] came;

  assign in_ready_o  = room & in_rst_ni;
  assign out_valid_o = waiting & out_rst_ni;
  assign {out_last_o, out_keep_o, out_data_o} = came;

  hwg_cdc_fifo #(.Width(BEAT_WIDTH), .Depth(Depth), .Stages(Stages)) u_fifo (
    .in_clk_i   (in_clk_i),
    .in_rst_ni  (in_rst_ni),
    .in_valid_i (in_valid_i & in_rst_ni),
    .in_ready_o (room),
    .in_data_i  ({in_last_i, in_keep_i, in_data_i}),
    .out_clk_i  (out_clk_i),
    .out_rst_ni (out_rst_ni),
    .out_valid_o(waiting),
    .out_ready_i(out_ready_i),
    .out_data_o (came)
  );

endmodule

`default_nettype wire
