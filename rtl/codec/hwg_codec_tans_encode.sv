// SPDX-License-Identifier: Apache-2.0
/// The tANS half of an encode lane: four interleaved state machines that walk backwards.
///
/// Function:   {escape, n, limit, start} = symbols[set, ctx, token]; n is one less if the state is
///             below the limit. piece_o = the state's low n bits, the token if escaped, raw bits;
///             next state = states[set, ctx, start + ((256 + state) >> n)]. A thread's last turn
///             gives its state in 8 bits. Equal to hwgen.codec.block's tANS encoder.
/// Timing:     latency 5, interval 1; every 4th turn is of the same thread
/// Parameters: Sets a power of two
/// Notes:      The tables are hwgen.codec.memory_images.tans_encode_lookup_roms': 512 words a set of 21
///             bits, 4096 of 8. Address 4096 and up, in the loading port, are the symbols'.
`default_nettype none

module hwg_codec_tans_encode #(
  parameter int Sets = 1,  // table sets
  localparam int SetWidth = (Sets > 1) ? $clog2(Sets) : 1
) (
  input  wire logic                 clk_i,
  // tables
  input  wire logic                 states_write_i,
  input  wire logic [SetWidth+11:0] states_addr_i,
  input  wire logic [7:0]           states_data_i,
  input  wire logic                 table_write_i,
  input  wire logic [SetWidth+8:0]  table_addr_i,
  input  wire logic [20:0]          table_data_i,
  // value
  input  wire logic                 valid_i,
  input  wire logic                 first_i,   // the thread's first turn, with a value or without
  input  wire logic                 finish_i,  // behind its last turn: give the state
  input  wire logic [SetWidth-1:0]  set_i,
  input  wire logic [3:0]           ctx_i,
  input  wire logic [4:0]           token_i,
  input  wire logic [3:0]           extra_width_i,
  input  wire logic [12:0]          extra_i,
  // its bits
  output logic      [24:0]          piece_o,
  output logic      [4:0]           len_o      // 0 where there is nothing
);

  if (Sets < 1 || (Sets & (Sets - 1)) != 0) begin : gen_check_sets
    initial $fatal(1, "hwg_codec_tans_encode: Sets must be a power of two");
  end

  // ---- stages 0 and 1: what the token asks for
  localparam int TABLE_WIDTH = (Sets > 1) ? SetWidth + 9 : 9;
  localparam int STATE_WIDTH = (Sets > 1) ? SetWidth + 12 : 12;
  logic [SetWidth+8:0] symbol_row;
  logic [20:0]         symbol;
  assign symbol_row = {set_i, ctx_i, token_i};
  hwg_codec_table #(
    .Width(21),
    .Depth(512 * Sets)
  ) u_symbols (
    .clk_i       (clk_i),
    .write_i     (table_write_i),
    .write_addr_i(TABLE_WIDTH'(table_addr_i)),
    .write_data_i(table_data_i),
    .addr_i      (TABLE_WIDTH'(symbol_row)),
    .data_o      (symbol)
  );

  localparam int CARRY = SetWidth + 4 + 5 + 4 + 13 + 2;
  logic [CARRY-1:0]    now_2;
  logic [SetWidth+3:0] row_2;
  logic [4:0]          token_2;
  logic [3:0]          extra_width_2;
  logic [12:0]         extra_2;
  logic                first_2, finish_2, valid_2;
  logic                escape_2;
  logic [3:0]          count_2;
  logic [7:0]          limit_2, start_2;
  hwg_delay #(
    .Width (CARRY),
    .Cycles(2)
  ) u_to_2 (
    .clk_i (clk_i),
    .data_i({set_i, ctx_i, token_i, extra_width_i, extra_i, first_i, finish_i}),
    .data_o(now_2)
  );
  assign {row_2, token_2, extra_width_2, extra_2, first_2, finish_2} = now_2;
  hwg_delay #(
    .Width (1),
    .Cycles(2)
  ) u_valid_2 (
    .clk_i (clk_i),
    .data_i(valid_i),
    .data_o(valid_2)
  );
  always_ff @(posedge clk_i) {escape_2, count_2, limit_2, start_2} <= symbol;

  // ---- stage 2: how many bits the state sheds
  logic [7:0]          state_2, state_2_q, state_3_q, state_4_q, state_5_q;
  logic [3:0]          count_3_q;
  logic [7:0]          start_3_q;
  logic [SetWidth+3:0] row_3_q;
  logic [4:0]          token_3_q;
  logic [3:0]          extra_width_3_q;
  logic [12:0]         extra_3_q;
  logic                escape_3_q, valid_3_q, finish_3_q;
  assign state_2 = first_2 ? 8'd0 : state_2_q;
  always_ff @(posedge clk_i) begin
    count_3_q       <= count_2 - 4'(state_2 < limit_2);
    state_3_q       <= state_2;
    start_3_q       <= start_2;
    row_3_q         <= row_2;
    token_3_q       <= token_2;
    extra_width_3_q <= extra_width_2;
    extra_3_q       <= extra_2;
    escape_3_q      <= escape_2;
    valid_3_q       <= valid_2;
    finish_3_q      <= finish_2;
  end

  // ---- stage 3: where the rest leads
  logic [8:0]           rest;
  logic [7:0]           place, next_state;
  logic [SetWidth+11:0] state_row;
  logic [7:0]           low_4_q;
  logic [3:0]           count_4_q, extra_width_4_q;
  logic [4:0]           token_4_q;
  logic [12:0]          extra_4_q;
  logic                 escape_4_q, valid_4_q, finish_4_q;
  assign rest      = {1'b1, state_3_q} >> count_3_q;
  assign place     = start_3_q + rest[7:0];
  assign state_row = {row_3_q, place};
  logic unused_rest;
  assign unused_rest = rest[8];
  hwg_codec_table #(
    .Width(8),
    .Depth(4096 * Sets)
  ) u_states (
    .clk_i       (clk_i),
    .write_i     (states_write_i),
    .write_addr_i(STATE_WIDTH'(states_addr_i)),
    .write_data_i(states_data_i),
    .addr_i      (STATE_WIDTH'(state_row)),
    .data_o      (next_state)
  );
  if (Sets == 1) begin : gen_set
    logic unused_set;
    assign unused_set = ^{symbol_row[SetWidth+8], table_addr_i[SetWidth+8],
                          state_row[SetWidth+11], states_addr_i[SetWidth+11]};
  end
  always_ff @(posedge clk_i) begin
    state_4_q       <= state_3_q;
    low_4_q         <= finish_3_q ? state_3_q : state_3_q & ~(8'hff << count_3_q);
    count_4_q       <= finish_3_q ? 4'd8 : count_3_q;
    token_4_q       <= token_3_q;
    extra_4_q       <= extra_3_q;
    extra_width_4_q <= finish_3_q ? 4'd0 : extra_width_3_q;
    escape_4_q      <= escape_3_q & ~finish_3_q;
    valid_4_q       <= valid_3_q;
    finish_4_q      <= finish_3_q;
  end

  // ---- stage 4: the piece; stage 5 and the thread comes round again
  logic [17:0] behind;  // what follows the state's bits
  assign behind = escape_4_q ? {extra_4_q, token_4_q} : {5'd0, extra_4_q & {13{~finish_4_q}}};
  always_ff @(posedge clk_i) begin
    state_5_q <= valid_4_q ? next_state : state_4_q;
    state_2_q <= state_5_q;
    piece_o   <= (valid_4_q || finish_4_q) ? 25'(low_4_q) | (25'(behind) << count_4_q) : '0;
    len_o     <= (valid_4_q || finish_4_q)
               ? 5'(count_4_q) + 5'(extra_width_4_q) + (escape_4_q ? 5'd5 : 5'd0) : '0;
  end

endmodule

`default_nettype wire
