// SPDX-License-Identifier: Apache-2.0
/// Walks over the values of blocks: four threads take turns, channel c belonging to thread c mod 4.
///
/// Function:   due_o in scan order (y, x, c) once for every value of a block; the turns of a pixel
///             are as many as its channels, rounded up to the next multiple of 4, and at least 8.
///             Backwards: from the last value to the first, turn 0 being that of thread 3.
/// Timing:     turn_o runs on for ever; at every 4th cycle the walk goes on if go_i, else it pauses
///             for 4 cycles. A block's first turns follow the last ones of the block before.
/// Parameters: Width >= 1; Backwards 0 or 1 (rows, columns and channels are then told from the end)
/// Notes:      closing_o marks the first four cycles behind a block's last turns, in which its
///             threads come round once more; tail_o and past_data_o then tell of that block, and go
///             on to do so for 8 cycles at least.
`default_nettype none

module hwg_codec_interleave #(
  parameter int Width     = 8,  // bits of what travels with a block
  parameter int Backwards = 0   // 1: from the last value to the first
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,
  // block
  input  wire logic             in_valid_i,
  output logic                  in_ready_o,
  input  wire logic [11:0]      in_rows_i,   // rows - 1
  input  wire logic [11:0]      in_cols_i,   // columns - 1
  input  wire logic [11:0]      in_chans_i,  // channels - 1
  input  wire logic [Width-1:0] in_data_i,
  // turns
  input  wire logic             go_i,
  output logic      [1:0]       turn_o,
  output logic                  first_o,      // a thread's first turn in its block
  output logic                  due_o,        // the turn has a value
  output logic                  last_o,       // the last value of its block
  output logic                  first_row_o,
  output logic                  first_col_o,
  output logic                  one_col_o,    // the block is one column wide
  output logic      [6:0]       chan_o,       // channel mod 128
  output logic      [11:0]      chans_o,      // channels - 1
  output logic                  bank_o,       // 0 for the first block, then alternating
  output logic      [Width-1:0] data_o,
  // behind a block
  output logic                  closing_o,
  output logic      [1:0]       tail_o,       // thread of the last value
  output logic      [3:0]       used_o,       // threads that had a value
  output logic                  past_bank_o,
  output logic      [Width-1:0] past_data_o
);

  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_codec_interleave: Width must be >= 1");
  end
  if (Backwards < 0 || Backwards > 1) begin : gen_check_backwards
    initial $fatal(1, "hwg_codec_interleave: Backwards must be 0 or 1");
  end

  // The next block waits here.
  logic             next_valid_d, next_valid_q;
  logic [11:0]      next_rows_q, next_cols_q, next_chans_q;
  logic [Width-1:0] next_data_q;

  // The block in hand.
  logic             active_d, active_q, run_d, run_q, bank_d, bank_q;
  logic [11:0]      rows_q, cols_q, chans_q;
  logic [Width-1:0] data_q;
  logic [1:0]       turn_q;
  logic [9:0]       group_d, group_q;  // of four turns, in the pixel
  logic [11:0]      row_d, row_q, col_d, col_q;
  logic             first_d, first_q, first_row_d, first_row_q, first_col_d, first_col_q;
  logic             closing_q;

  logic few, last_group, last_col, last_row, tick, end_pixel, end_block, load;
  assign few        = chans_q[11:2] == '0;  // at most 4 channels: the second group is empty
  assign last_group = few ? group_q[0] : group_q == chans_q[11:2];
  assign last_col   = col_q == cols_q;
  assign last_row   = row_q == rows_q;
  assign tick       = turn_q == 2'd3;
  assign end_pixel  = tick & run_q & last_group;
  assign end_block  = end_pixel & last_col & last_row;
  assign load       = tick & next_valid_q & (end_block | ~active_q);

  assign in_ready_o = ~next_valid_q;

  always_comb begin
    next_valid_d = next_valid_q;
    if (load)                     next_valid_d = 1'b0;
    if (in_valid_i && in_ready_o) next_valid_d = 1'b1;

    active_d    = active_q;
    run_d       = run_q;
    bank_d      = bank_q;
    group_d     = group_q;
    row_d       = row_q;
    col_d       = col_q;
    first_d     = first_q;
    first_row_d = first_row_q;
    first_col_d = first_col_q;
    if (tick && run_q) begin
      first_d = 1'b0;
      group_d = group_q + 10'd1;
    end
    if (end_pixel) begin
      group_d     = '0;
      col_d       = last_col ? '0 : col_q + 12'd1;
      first_col_d = last_col;
      if (last_col) begin
        row_d       = row_q + 12'd1;
        first_row_d = 1'b0;
      end
    end
    if (end_block) begin
      row_d    = '0;
      active_d = 1'b0;
      bank_d   = ~bank_q;
    end
    if (load) begin
      active_d    = 1'b1;
      first_d     = 1'b1;
      first_row_d = 1'b1;
      first_col_d = 1'b1;
    end
    if (tick) run_d = active_d & go_i;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      next_valid_q <= 1'b0;
      active_q     <= 1'b0;
      run_q        <= 1'b0;
      bank_q       <= 1'b0;
      closing_q    <= 1'b0;
      turn_q       <= '0;
      group_q      <= '0;
      row_q        <= '0;
      col_q        <= '0;
    end else begin
      next_valid_q <= next_valid_d;
      active_q     <= active_d;
      run_q        <= run_d;
      bank_q       <= bank_d;
      closing_q    <= tick ? end_block : closing_q;
      turn_q       <= turn_q + 2'd1;
      group_q      <= group_d;
      row_q        <= row_d;
      col_q        <= col_d;
    end
  end

  always_ff @(posedge clk_i) begin
    first_q     <= first_d;
    first_row_q <= first_row_d;
    first_col_q <= first_col_d;
    if (in_ready_o) begin
      next_rows_q  <= in_rows_i;
      next_cols_q  <= in_cols_i;
      next_chans_q <= in_chans_i;
      next_data_q  <= in_data_i;
    end
    if (load) begin
      rows_q  <= next_rows_q;
      cols_q  <= next_cols_q;
      chans_q <= next_chans_q;
      data_q  <= next_data_q;
    end
    if (end_block) begin
      tail_o      <= chans_q[1:0];
      used_o      <= few ? {chans_q[1:0] == 2'd3, chans_q[1], |chans_q[1:0], 1'b1} : 4'hf;
      past_bank_o <= bank_q;
      past_data_o <= data_q;
    end
  end

  // In the last group that has values (backwards: the first), those of the threads up to the tail.
  // With four channels or fewer that is the only one.
  logic       short_group, reaches, ends;
  logic [1:0] thread;
  if (Backwards != 0) begin : gen_backwards
    assign short_group = few ? group_q[0] : group_q == '0;
    assign thread      = ~turn_q;
    assign ends        = last_group & (thread == 2'd0);
  end else begin : gen_forwards
    assign short_group = few ? ~group_q[0] : last_group;
    assign thread      = turn_q;
    assign ends        = short_group & (thread == chans_q[1:0]);
  end
  assign reaches     = thread <= chans_q[1:0];
  assign turn_o      = turn_q;
  assign first_o     = run_q & first_q;
  assign due_o       = run_q & (short_group ? reaches : ~few);
  assign last_o      = run_q & ends & last_col & last_row;
  assign first_row_o = first_row_q;
  assign first_col_o = first_col_q;
  assign one_col_o   = cols_q == '0;
  assign chan_o      = {group_q[4:0], turn_q};
  assign chans_o     = chans_q;
  assign bank_o      = bank_q;
  assign data_o      = data_q;
  assign closing_o   = closing_q;

endmodule

`default_nettype wire
