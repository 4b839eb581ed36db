// SPDX-License-Identifier: Apache-2.0
/// Cuts AXI-Stream frames of one sample into the words of a map.
///
/// Function:   a sample is Count elements of Width bits. In the frame each sits in the low bits of a
///             Container, packed without gaps, lowest byte first; the container's other bits are
///             ignored. A word is the next Lanes elements, the first in the lowest bits.
/// Timing:     latency 1 from the beat that completes a word, interval of a frame the larger one of
///             its beats and its words, no bubble between frames
/// Framing:    TLAST belongs on the last beat of Count elements. A frame that ends early is filled up
///             with zeros, one that is too long is cut, and the next frame begins behind its TLAST.
///             The words of such a frame mean nothing, but there are as many as ever, so that what
///             follows stays in step; error_o pulses. A byte of the sample that TKEEP leaves out is
///             an error too.
/// Parameters: DataWidth and Container multiples of 8; 1 <= Width <= Container; Lanes divides Count;
///             Grain divides the bytes of a beat, of a word, and of the sample in the last beat
/// Notes:      Bytes move through one buffer of a beat and a word, in steps of Grain bytes.
///             The handshake rules are in docs/links.md.
`default_nettype none

module hwg_axis_to_words #(
  parameter int DataWidth = 64,  // bits of a beat
  parameter int Container = 8,   // bits an element takes in the frame
  parameter int Width     = 8,   // bits of an element
  parameter int Count     = 16,  // elements of a sample
  parameter int Lanes     = 2,   // elements of a word
  parameter int Grain     = 2    // bytes of a step
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  // in: beats
  input  wire logic                   in_valid_i,
  output logic                        in_ready_o,
  input  wire logic [DataWidth-1:0]   in_data_i,
  input  wire logic [DataWidth/8-1:0] in_keep_i,
  input  wire logic                   in_last_i,
  // out: words
  output logic                        out_valid_o,
  input  wire logic                   out_ready_i,
  output logic      [Lanes*Width-1:0] out_data_o,
  // a frame is broken
  output logic                        error_o
);

  localparam int BEAT_BYTES  = DataWidth / 8;
  localparam int WORD_BYTES  = Lanes * Container / 8;
  localparam int FRAME_BYTES = Count * Container / 8;
  localparam int BEATS       = (FRAME_BYTES + BEAT_BYTES - 1) / BEAT_BYTES;
  localparam int LAST_BYTES  = FRAME_BYTES - (BEATS - 1) * BEAT_BYTES;  // of the last beat
  localparam int SPARE_BYTES = BEAT_BYTES - LAST_BYTES;

  if (DataWidth < 8 || DataWidth % 8 != 0) begin : gen_check_data
    initial $fatal(1, "hwg_axis_to_words: DataWidth must be a multiple of 8");
  end
  if (Container < 8 || Container % 8 != 0) begin : gen_check_container
    initial $fatal(1, "hwg_axis_to_words: Container must be a multiple of 8");
  end
  if (Width < 1 || Width > Container) begin : gen_check_width
    initial $fatal(1, "hwg_axis_to_words: Width must be 1 to Container");
  end
  if (Lanes < 1 || Count < 1 || Count % Lanes != 0) begin : gen_check_lanes
    initial $fatal(1, "hwg_axis_to_words: Lanes must divide Count");
  end
  if (Grain < 1 || BEAT_BYTES % Grain != 0 || WORD_BYTES % Grain != 0 || LAST_BYTES % Grain != 0)
  begin : gen_check_grain
    initial $fatal(1, "hwg_axis_to_words: Grain must divide beats and words");
  end

  localparam int BEAT_STEPS = BEAT_BYTES / Grain;
  localparam int WORD_STEPS = WORD_BYTES / Grain;
  localparam int LAST_STEPS = LAST_BYTES / Grain;
  localparam int STEPS      = BEAT_STEPS + WORD_STEPS;  // of the buffer
  localparam int FILL_WIDTH = $clog2(STEPS + 1);
  localparam int HELD_WIDTH = STEPS * Grain * 8;
  localparam int BEAT_WIDTH = (BEATS > 1) ? $clog2(BEATS) : 1;
  localparam int KEEP_WIDTH = DataWidth / 8;

  logic [FILL_WIDTH-1:0] fill_d, fill_q, rest;  // steps that the buffer holds
  logic [HELD_WIDTH-1:0] held_d, held_q, left;  // the next word in the lowest bits, zero above fill
  logic [BEAT_WIDTH-1:0] beat_d, beat_q;
  logic                  drop_d, drop_q;  // the frame is too long: wait for TLAST
  logic                  pad_d, pad_q;    // the frame ended early: fill it up
  logic                  pop, push, room, final_beat, keep_ok;
  logic [DataWidth-1:0]  beat;

  assign out_valid_o = fill_q >= FILL_WIDTH'(WORD_STEPS);
  assign pop         = out_valid_o & out_ready_i;
  assign rest        = pop ? fill_q - FILL_WIDTH'(WORD_STEPS) : fill_q;
  assign left        = (rest == '0) ? '0 : pop ? held_q >> (8 * WORD_BYTES) : held_q;
  assign room        = rest <= FILL_WIDTH'(WORD_STEPS);

  assign final_beat  = beat_q == BEAT_WIDTH'(BEATS - 1);
  assign in_ready_o  = drop_q | (room & ~pad_q);
  assign push        = room & (pad_q | (in_valid_i & ~drop_q));

  logic [KEEP_WIDTH-1:0] needless;  // bytes that may be missing
  assign needless = final_beat ? ~({KEEP_WIDTH{1'b1}} >> SPARE_BYTES) : '0;
  assign keep_ok  = &(in_keep_i | needless);
  assign error_o  = push & ~pad_q & ((in_last_i ^ final_beat) | ~keep_ok);

  // Of the last beat nothing but the sample's bytes, and zeros of a frame that ended early.
  logic [DataWidth-1:0] whole, ending;
  assign whole  = pad_q ? '0 : in_data_i;
  assign ending = whole & ({DataWidth{1'b1}} >> (8 * SPARE_BYTES));
  assign beat   = final_beat ? ending : whole;

  always_comb begin
    fill_d = rest;
    held_d = left;
    if (push) begin
      fill_d = rest + (final_beat ? FILL_WIDTH'(LAST_STEPS) : FILL_WIDTH'(BEAT_STEPS));
      held_d = left | (HELD_WIDTH'(beat) << (rest * 8 * Grain));
    end
  end

  always_comb begin
    beat_d = beat_q;
    drop_d = drop_q & ~(in_valid_i & in_last_i);
    pad_d  = pad_q;
    if (push) begin
      beat_d = final_beat ? '0 : beat_q + BEAT_WIDTH'(1);
      if (final_beat) pad_d = 1'b0;
      if (!pad_q && final_beat && !in_last_i) drop_d = 1'b1;
      if (!pad_q && !final_beat && in_last_i) pad_d = 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      fill_q <= '0;
      beat_q <= '0;
      drop_q <= 1'b0;
      pad_q  <= 1'b0;
    end else begin
      fill_q <= fill_d;
      beat_q <= beat_d;
      drop_q <= drop_d;
      pad_q  <= pad_d;
    end
  end

  always_ff @(posedge clk_i) held_q <= held_d;

  for (genvar i = 0; i < Lanes; i++) begin : gen_element
    assign out_data_o[i*Width +: Width] = held_q[i*Container +: Width];
    if (Container > Width) begin : gen_padding
      logic unused_padding;
      assign unused_padding = ^held_q[i*Container+Width +: Container-Width];
    end
  end

endmodule

`default_nettype wire
