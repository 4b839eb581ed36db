// SPDX-License-Identifier: Apache-2.0
/// Mixes channels by a KLT-8, a value at a time, or leaves them as they are.
///
/// Function:   every eight values that come one after another are a group, and are multiplied by its
///             matrix as hwg_codec_klt8 does; without klt_i all values pass unchanged
/// Timing:     interval 1, never stalls; a group's first value leaves 7 cycles behind its last one
///             that came in; without klt_i latency 1
/// Parameters: Groups 0 (no KLT is built) or a power of two
/// Notes:      klt_i stands still while values are under way. Rows are written as hwg_codec_klt8 says.
`default_nettype none

module hwg_codec_mix #(
  parameter int Groups = 8,  // of eight channels
  localparam int GroupWidth = (Groups > 1) ? $clog2(Groups) : 1
) (
  input  wire logic                  clk_i,
  input  wire logic                  rst_ni,
  input  wire logic                  klt_i,
  // matrices
  input  wire logic                  row_write_i,
  input  wire logic [GroupWidth+2:0] row_addr_i,
  input  wire logic [90:0]           row_data_i,
  // values
  input  wire logic                  in_valid_i,
  input  wire logic [15:0]           in_value_i,
  input  wire logic [GroupWidth-1:0] in_group_i,
  input  wire logic                  in_last_i,    // with the last value of a group, or not at all
  output logic                       out_valid_o,
  output logic      [15:0]           out_value_o,
  output logic                       out_last_o
);

  if (Groups < 0 || (Groups & (Groups - 1)) != 0) begin : gen_check_groups
    initial $fatal(1, "hwg_codec_mix: Groups must be 0 or a power of two");
  end

  logic        plain_valid_q, plain_last_q;
  logic [15:0] plain_q;
  always_ff @(posedge clk_i) begin
    plain_q      <= in_value_i;
    plain_last_q <= in_last_i;
    if (!rst_ni) plain_valid_q <= 1'b0;
    else         plain_valid_q <= in_valid_i;
  end

  if (Groups == 0) begin : gen_none
    logic unused;
    assign unused      = ^{klt_i, row_write_i, row_addr_i, row_data_i, in_group_i};
    assign out_valid_o = plain_valid_q;
    assign out_value_o = plain_q;
    assign out_last_o  = plain_last_q;
  end else begin : gen_klt
    logic [2:0]            place_q;
    logic [127:0]          eight_q;
    logic                  full_q, ready, mixed_valid, mixed_last;
    logic [GroupWidth-1:0] group_q;
    logic [15:0]           mixed;
    always_ff @(posedge clk_i) begin
      if (in_valid_i) begin
        eight_q <= {in_value_i, eight_q[127:16]};
        group_q <= in_group_i;
      end
      if (!rst_ni) begin
        place_q <= '0;
        full_q  <= 1'b0;
      end else begin
        if (in_valid_i && klt_i) place_q <= place_q + 3'd1;
        full_q <= in_valid_i & klt_i & (&place_q);
      end
    end
    hwg_codec_klt8 #(
      .Groups(Groups)
    ) u_klt (
      .clk_i      (clk_i),
      .rst_ni     (rst_ni),
      .row_write_i(row_write_i),
      .row_addr_i (row_addr_i),
      .row_data_i (row_data_i),
      .in_valid_i (full_q),
      .in_ready_o (ready),
      .in_group_i (group_q),
      .in_data_i  (eight_q),
      .out_valid_o(mixed_valid),
      .out_value_o(mixed)
    );
    // The last of eight values leaves 13 cycles behind the vector.
    hwg_valid #(
      .Cycles(13)
    ) u_last (
      .clk_i  (clk_i),
      .rst_ni (rst_ni),
      .valid_i(full_q & plain_last_q),
      .valid_o(mixed_last)
    );
    assign out_valid_o = klt_i ? mixed_valid : plain_valid_q;
    assign out_value_o = klt_i ? mixed : plain_q;
    assign out_last_o  = klt_i ? mixed_last : plain_last_q;
`ifdef HWG_ASSERT
    always @(posedge clk_i) begin
      if (rst_ni && full_q) assert (ready);
    end
`else
    logic unused_ready;  // groups come no oftener than every 8 cycles
    assign unused_ready = ready;
`endif
  end

endmodule

`default_nettype wire
