// SPDX-License-Identifier: Apache-2.0
/// Judges a decoded block by where its threads stand when they come round once more.
///
/// Function:   each thread must have used its sub-stream up, but for less than 16 bits, and its state
///             must be 0; no value may have been too long. A raw block ends where the thread of its
///             last value stands. Equal to the last checks of hwgen.codec.block.decode_block.
/// Timing:     done_valid_o 1 cycle behind finished_i, which comes 2 cycles or more behind the last
///             thread
/// Parameters: Coder 0 (no states) or 1; Place >= 1, bits of a place in 16-bit words
/// Notes:      What was found before the block was decoded comes first.
`default_nettype none

module hwg_codec_verdict #(
  parameter int Coder = 1,  // 0: Huffman, 1: tANS
  parameter int Place = 12  // bits of a place
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,
  // the block
  input  wire logic [1:0]       mode_i,      // 0 raw, 1 zero, 2 coded
  input  wire logic [3:0]       fault_i,     // found before
  input  wire logic [1:0]       tail_i,      // thread of its last value
  input  wire logic [3:0]       used_i,      // threads that had a value
  // its threads, one by one
  input  wire logic             closing_i,
  input  wire logic [1:0]       turn_i,
  input  wire logic [Place+3:0] stand_i,     // bit position
  input  wire logic [Place-1:0] end_i,       // of the sub-stream, in 16-bit words
  input  wire logic [7:0]       state_i,
  // its values
  input  wire logic             over_i,      // one was too long
  input  wire logic             finished_i,  // this cycle's is of the next block
  // verdict
  output logic                  done_valid_o,
  output logic      [3:0]       done_fault_o,
  output logic      [1:0]       done_mode_o
);

  if (Coder < 0 || Coder > 1) begin : gen_check_coder
    initial $fatal(1, "hwg_codec_verdict: Coder must be 0 or 1");
  end
  if (Place < 1) begin : gen_check_place
    initial $fatal(1, "hwg_codec_verdict: Place must be >= 1");
  end

  // hwgen.codec.wire.Fault and Mode
  localparam logic [3:0] LEN = 4'd2, STATE = 4'd6;
  localparam logic [1:0] ZERO = 2'd1, CODED = 2'd2;

  logic             coded, checked;
  logic [Place-1:0] place;
  logic             over_d, over_q, short_d, short_q, state_d, state_q;
  assign coded   = mode_i == CODED;
  assign place   = stand_i[Place+3:4] + Place'(|stand_i[3:0]);
  assign checked = closing_i & (coded | ((mode_i != ZERO) & (turn_i == tail_i)));

  always_comb begin
    over_d  = over_i;
    short_d = checked & (place != end_i);
    state_d = checked & (Coder == 1) & coded & used_i[turn_i] & (state_i != '0);
    if (!finished_i) begin
      over_d  = over_d | over_q;
      short_d = short_d | short_q;
      state_d = state_d | state_q;
    end
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      over_q       <= 1'b0;
      short_q      <= 1'b0;
      state_q      <= 1'b0;
      done_valid_o <= 1'b0;
    end else begin
      over_q       <= over_d;
      short_q      <= short_d;
      state_q      <= state_d;
      done_valid_o <= finished_i;
    end
  end

  always_ff @(posedge clk_i) begin
    done_mode_o  <= mode_i;
    done_fault_o <= '0;
    if (fault_i != '0)                     done_fault_o <= fault_i;
    else if (short_q || (over_q && coded)) done_fault_o <= LEN;
    else if (state_q)                      done_fault_o <= STATE;
  end

endmodule

`default_nettype wire
