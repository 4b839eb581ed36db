// SPDX-License-Identifier: Apache-2.0
/// The tANS half of a decode lane: four interleaved state machines of 256 states.
///
/// Function:   {token, n, base} = table[set, ctx, state]; next state = base + n bits; if the token is
///             31, the true one follows in 5 bits; then its raw bits. Equal to
///             hwgen.codec.tans.decode_row with hwgen.codec.block's order of bits.
/// Timing:     a turn is 4 cycles long: context in stage 0, bits in stage 2, bits taken in stage 3,
///             token out in stage 4; another turn begins every cycle, each 4th of the same thread
/// Parameters: Sets a power of two
/// Notes:      Word 4096 set + 256 ctx + state of the table is hwgen.codec.tables.tans_decode_rom's.
///             A turn that is not valid takes no bits and leaves its thread's state alone.
`default_nettype none

module hwg_codec_tans_decode #(
  parameter int Sets = 1,  // table sets
  localparam int SetWidth = (Sets > 1) ? $clog2(Sets) : 1
) (
  input  wire logic                 clk_i,
  // table
  input  wire logic                 table_write_i,
  input  wire logic [SetWidth+11:0] table_addr_i,
  input  wire logic [17:0]          table_data_i,
  // stage 0: the thread's state comes round; a block's first turn replaces it
  input  wire logic [SetWidth-1:0]  set_i,
  input  wire logic [3:0]           ctx_i,
  input  wire logic                 first_i,
  input  wire logic [7:0]           init_i,
  output logic      [7:0]           state_o,
  // stage 2: the bits from the thread's position on
  input  wire logic [24:0]          bits_i,
  input  wire logic                 valid_i,
  input  wire logic                 raw_i,    // a value of raw_width_i bits, as it is
  input  wire logic [3:0]           raw_width_i,
  // stage 3
  output logic      [4:0]           take_o,   // bits used
  // stage 4
  output logic                      direct_o, // the token is the value
  output logic      [2:0]           token_o,  // its low bits
  output logic      [3:0]           extra_width_o,
  output logic      [14:0]          extra_o   // raw bits, lowest first; higher ones mean nothing
);

  if (Sets < 1 || (Sets & (Sets - 1)) != 0) begin : gen_check_sets
    initial $fatal(1, "hwg_codec_tans_decode: Sets must be a power of two");
  end

  // Stage 0.
  logic [7:0] state, state_0_q, state_1_q, state_2_q, state_3_q;
  assign state_o = state_0_q;
  assign state   = first_i ? init_i : state_0_q;
  always_ff @(posedge clk_i) begin
    state_1_q <= state;
    state_2_q <= state_1_q;
  end

  // Stage 1.
  logic [17:0] entry_now;
  logic [16:0] entry_q;
  logic        unused_entry;
  if (Sets > 1) begin : gen_sets
    hwg_codec_table #(
      .Width(18),
      .Depth(4096 * Sets)
    ) u_table (
      .clk_i       (clk_i),
      .write_i     (table_write_i),
      .write_addr_i(table_addr_i),
      .write_data_i(table_data_i),
      .addr_i      ({set_i, ctx_i, state}),
      .data_o      (entry_now)
    );
  end else begin : gen_set
    logic unused_set;
    assign unused_set = ^{set_i, table_addr_i[12]};
    hwg_codec_table #(
      .Width(18),
      .Depth(4096)
    ) u_table (
      .clk_i       (clk_i),
      .write_i     (table_write_i),
      .write_addr_i(table_addr_i[11:0]),
      .write_data_i(table_data_i),
      .addr_i      ({ctx_i, state}),
      .data_o      (entry_now)
    );
  end
  assign unused_entry = entry_now[17];
  always_ff @(posedge clk_i) entry_q <= entry_now[16:0];

  // Stage 2. The low bits of a base that the stream fills in are zero.
  logic [4:0]  token;
  logic [3:0]  count, extra_width;
  logic [7:0]  base;
  logic        escape, direct;
  logic [24:0] rest;
  assign {token, count, base} = entry_q;
  assign escape      = (token == 5'd31) & ~raw_i;
  assign direct      = (token[4:3] == 2'd0) & ~raw_i;
  assign extra_width = raw_i ? raw_width_i : direct ? 4'd0 : token[4:1] - 4'd2;
  assign rest        = raw_i ? bits_i : bits_i >> count;

  logic [2:0]  token_3_q;
  logic [3:0]  used_3_q, extra_width_3_q;
  logic [19:0] rest_3_q;
  logic        direct_3_q, escape_3_q, valid_3_q;
  always_ff @(posedge clk_i) begin
    token_3_q       <= token[2:0];
    direct_3_q      <= direct;
    escape_3_q      <= escape;
    extra_width_3_q <= extra_width;
    rest_3_q        <= rest[19:0];
    used_3_q        <= raw_i ? 4'd0 : escape ? count + 4'd5 : count;
    valid_3_q       <= valid_i;
    state_3_q       <= valid_i ? base | (bits_i[7:0] & ~(8'hff << count)) : state_2_q;
  end
  logic unused_rest;
  assign unused_rest = ^rest[24:20];

  // Stage 3.
  logic [2:0] token_true;
  logic [3:0] extra_width_true;
  logic       direct_true;
  assign token_true       = escape_3_q ? rest_3_q[2:0] : token_3_q;
  assign direct_true      = escape_3_q ? (rest_3_q[4:3] == 2'd0) : direct_3_q;
  assign extra_width_true = ~escape_3_q ? extra_width_3_q
                          : (rest_3_q[4:3] != 2'd0) ? rest_3_q[4:1] - 4'd2 : 4'd0;
  assign take_o           = valid_3_q ? 5'(used_3_q) + 5'(extra_width_true) : 5'd0;

  always_ff @(posedge clk_i) begin
    state_0_q     <= state_3_q;
    direct_o      <= direct_true;
    token_o       <= token_true;
    extra_width_o <= extra_width_true;
    extra_o       <= escape_3_q ? rest_3_q[19:5] : rest_3_q[14:0];
  end

endmodule

`default_nettype wire
