// SPDX-License-Identifier: Apache-2.0
/// Sends the words of a map as the beats of AXI-Stream frames, a frame a sample.
///
/// Function:   a sample is Count elements of Width bits, Lanes a word, the first in the lowest bits.
///             In the frame each is extended to a Container, packed without gaps, lowest byte first.
///             TLAST marks the last beat; TKEEP is all ones, on the last beat only the bytes used;
///             the bytes behind the sample are zero.
/// Timing:     latency 1 from the word that completes a beat, interval of a frame the larger one of
///             its beats and its words, no bubble between frames where a word is no longer than a
///             beat
/// Parameters: DataWidth and Container multiples of 8; 1 <= Width <= Container; Lanes divides Count;
///             Grain divides the bytes of a beat and of a word
/// Notes:      Bytes move through one buffer of a beat and a word, in steps of Grain bytes.
///             The handshake rules are in docs/links.md.
`default_nettype none

module hwg_axis_from_words #(
  parameter int DataWidth = 64,  // bits of a beat
  parameter int Container = 8,   // bits an element takes in the frame
  parameter int Width     = 8,   // bits of an element
  parameter int Signed    = 1,   // 1: elements are two's complement and sign-extended
  parameter int Count     = 16,  // elements of a sample
  parameter int Lanes     = 2,   // elements of a word
  parameter int Grain     = 2    // bytes of a step
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  // in: words
  input  wire logic                   in_valid_i,
  output logic                        in_ready_o,
  input  wire logic [Lanes*Width-1:0] in_data_i,
  // out: beats
  output logic                        out_valid_o,
  input  wire logic                   out_ready_i,
  output logic      [DataWidth-1:0]   out_data_o,
  output logic      [DataWidth/8-1:0] out_keep_o,
  output logic                        out_last_o
);

  localparam int BEAT_BYTES = DataWidth / 8;
  localparam int WORD_BYTES = Lanes * Container / 8;

  if (DataWidth < 8 || DataWidth % 8 != 0) begin : gen_check_data
    initial $fatal(1, "hwg_axis_from_words: DataWidth must be a multiple of 8");
  end
  if (Container < 8 || Container % 8 != 0) begin : gen_check_container
    initial $fatal(1, "hwg_axis_from_words: Container must be a multiple of 8");
  end
  if (Width < 1 || Width > Container) begin : gen_check_width
    initial $fatal(1, "hwg_axis_from_words: Width must be 1 to Container");
  end
  if (Signed < 0 || Signed > 1) begin : gen_check_signed
    initial $fatal(1, "hwg_axis_from_words: Signed must be 0 or 1");
  end
  if (Lanes < 1 || Count < 1 || Count % Lanes != 0) begin : gen_check_lanes
    initial $fatal(1, "hwg_axis_from_words: Lanes must divide Count");
  end
  if (Grain < 1 || BEAT_BYTES % Grain != 0 || WORD_BYTES % Grain != 0) begin : gen_check_grain
    initial $fatal(1, "hwg_axis_from_words: Grain must divide beats and words");
  end

  localparam int BEAT_STEPS = BEAT_BYTES / Grain;
  localparam int WORD_STEPS = WORD_BYTES / Grain;
  localparam int STEPS      = BEAT_STEPS + WORD_STEPS;  // of the buffer
  localparam int FILL_WIDTH = $clog2(STEPS + 1);
  localparam int HELD_WIDTH = STEPS * Grain * 8;
  localparam int WORDS      = Count / Lanes;
  localparam int WORD_WIDTH = (WORDS > 1) ? $clog2(WORDS) : 1;
  localparam int KEEP_WIDTH = DataWidth / 8;

  logic [FILL_WIDTH-1:0]   fill_d, fill_q, rest;  // steps that the buffer holds
  logic [HELD_WIDTH-1:0]   held_d, held_q, left;  // the next beat in the lowest bits, zero above fill
  logic [WORD_WIDTH-1:0]   word_d, word_q;
  logic                    ended_d, ended_q;  // the buffer holds the end of a frame
  logic                    pop, push, room;
  logic [8*WORD_BYTES-1:0] word;

  for (genvar i = 0; i < Lanes; i++) begin : gen_element
    assign word[i*Container +: Width] = in_data_i[i*Width +: Width];
    if (Container > Width) begin : gen_extend
      assign word[i*Container+Width +: Container-Width] =
          {(Container-Width){(Signed != 0) & in_data_i[(i+1)*Width-1]}};
    end
  end

  assign out_valid_o = ended_q | (fill_q >= FILL_WIDTH'(BEAT_STEPS));
  assign out_last_o  = ended_q & (fill_q <= FILL_WIDTH'(BEAT_STEPS));
  assign out_data_o  = held_q[DataWidth-1:0];
  for (genvar i = 0; i < KEEP_WIDTH; i++) begin : gen_keep
    assign out_keep_o[i] = ~out_last_o | (fill_q > FILL_WIDTH'(i / Grain));
  end

  assign pop  = out_valid_o & out_ready_i;
  assign rest = !pop ? fill_q : out_last_o ? '0 : fill_q - FILL_WIDTH'(BEAT_STEPS);
  assign left = (rest == '0) ? '0 : pop ? held_q >> DataWidth : held_q;
  // The next frame comes in when the last beat of this one leaves.
  assign room       = ended_q ? (out_last_o & out_ready_i) : rest <= FILL_WIDTH'(BEAT_STEPS);
  assign in_ready_o = room;
  assign push       = in_valid_i & room;

  always_comb begin
    fill_d  = rest;
    held_d  = left;
    word_d  = word_q;
    ended_d = ended_q & ~(pop & out_last_o);
    if (push) begin
      fill_d  = rest + FILL_WIDTH'(WORD_STEPS);
      held_d  = left | (HELD_WIDTH'(word) << (rest * 8 * Grain));
      word_d  = (word_q == WORD_WIDTH'(WORDS - 1)) ? '0 : word_q + WORD_WIDTH'(1);
      ended_d = word_q == WORD_WIDTH'(WORDS - 1);
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      fill_q  <= '0;
      word_q  <= '0;
      ended_q <= 1'b0;
    end else begin
      fill_q  <= fill_d;
      word_q  <= word_d;
      ended_q <= ended_d;
    end
  end

  always_ff @(posedge clk_i) held_q <= held_d;

endmodule

`default_nettype wire
