// SPDX-License-Identifier: Apache-2.0
/// Collects the beats of an AXI-Stream frame into one sample.
///
/// Function:   a sample is Count elements of Width bits, element 0 in the lowest bits. In the frame
///             each sits in the low bits of a Container, packed without gaps, lowest byte first;
///             the container's other bits are ignored.
/// Timing:     latency 1 after the last beat, interval BEATS, no bubble between frames
/// Framing:    a frame is good if TLAST comes on beat BEATS - 1 exactly and TKEEP marks every byte of
///             the sample (bytes behind it may be marked or not: a master without TKEEP sends whole
///             beats). Any other frame leaves as a sample with out_bad_o set and no meaning, so that
///             streams that are joined behind this unit stay in step; error_o pulses. The next frame
///             begins behind its TLAST.
/// Parameters: DataWidth and Container multiples of 8; 1 <= Width <= Container; Count >= 1
/// Notes:      The handshake rules are in docs/links.md.
`default_nettype none

module hwg_axis_unpack #(
  parameter int DataWidth = 64,  // bits of a beat
  parameter int Container = 8,   // bits an element takes in the frame
  parameter int Width     = 8,   // bits of an element
  parameter int Count     = 16   // elements of a sample
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  // in: beats
  input  wire logic                   in_valid_i,
  output logic                        in_ready_o,
  input  wire logic [DataWidth-1:0]   in_data_i,
  input  wire logic [DataWidth/8-1:0] in_keep_i,
  input  wire logic                   in_last_i,
  // out: samples
  output logic                        out_valid_o,
  input  wire logic                   out_ready_i,
  output logic      [Count*Width-1:0] out_data_o,
  output logic                        out_bad_o,
  // a frame is broken
  output logic                        error_o
);

  if (DataWidth < 8 || DataWidth % 8 != 0) begin : gen_check_data
    initial $fatal(1, "hwg_axis_unpack: DataWidth must be a multiple of 8");
  end
  if (Container < 8 || Container % 8 != 0) begin : gen_check_container
    initial $fatal(1, "hwg_axis_unpack: Container must be a multiple of 8");
  end
  if (Width < 1 || Width > Container) begin : gen_check_width
    initial $fatal(1, "hwg_axis_unpack: Width must be 1 to Container");
  end
  if (Count < 1) begin : gen_check_count
    initial $fatal(1, "hwg_axis_unpack: Count must be >= 1");
  end

  localparam int FRAME_WIDTH = Count * Container;
  localparam int BEATS       = (FRAME_WIDTH + DataWidth - 1) / DataWidth;
  localparam int BEAT_WIDTH  = (BEATS > 1) ? $clog2(BEATS) : 1;
  localparam int KEEP_WIDTH  = DataWidth / 8;
  localparam int SPARE_BYTES = (BEATS * DataWidth - FRAME_WIDTH) / 8;  // of the last beat

  logic [BEAT_WIDTH-1:0]      beat_d, beat_q;
  logic                       bad_d, bad_q;  // the frame that comes in is broken
  logic                       valid_d, valid_q;
  logic                       out_bad_d, out_bad_q;
  logic [BEATS*DataWidth-1:0] frame_q;
  logic                       accept, final_beat, keep_ok, good_end;

  assign in_ready_o  = ~valid_q | out_ready_i;
  assign out_valid_o = valid_q;
  assign out_bad_o   = out_bad_q;
  assign accept      = in_valid_i & in_ready_o;
  assign final_beat  = beat_q == BEAT_WIDTH'(BEATS - 1);
  assign good_end    = accept & in_last_i & final_beat & keep_ok & ~bad_q;
  assign error_o     = accept & (in_last_i | final_beat) & ~good_end;

  logic [KEEP_WIDTH-1:0] needless;  // bytes that may be missing
  assign needless = final_beat ? ~({KEEP_WIDTH{1'b1}} >> SPARE_BYTES) : '0;
  assign keep_ok  = &(in_keep_i | needless);

  always_comb begin
    beat_d    = beat_q;
    bad_d     = bad_q;
    valid_d   = valid_q & ~out_ready_i;
    out_bad_d = out_bad_q;
    if (accept && in_last_i) begin
      beat_d    = '0;
      bad_d     = 1'b0;
      valid_d   = 1'b1;
      out_bad_d = ~good_end;
    end else if (accept && final_beat) begin
      bad_d = 1'b1;  // too long: wait for TLAST here
    end else if (accept) begin
      beat_d = beat_q + BEAT_WIDTH'(1);
      bad_d  = bad_q | ~keep_ok;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      beat_q    <= '0;
      bad_q     <= 1'b0;
      valid_q   <= 1'b0;
      out_bad_q <= 1'b0;
    end else begin
      beat_q    <= beat_d;
      bad_q     <= bad_d;
      valid_q   <= valid_d;
      out_bad_q <= out_bad_d;
    end
  end

  for (genvar b = 0; b < BEATS; b++) begin : gen_beat
    always_ff @(posedge clk_i) begin
      if (accept && beat_q == BEAT_WIDTH'(b)) frame_q[b*DataWidth +: DataWidth] <= in_data_i;
    end
  end

  for (genvar i = 0; i < Count; i++) begin : gen_element
    assign out_data_o[i*Width +: Width] = frame_q[i*Container +: Width];
    if (Container > Width) begin : gen_padding
      logic unused_padding;
      assign unused_padding = ^frame_q[i*Container+Width +: Container-Width];
    end
  end
  if (SPARE_BYTES > 0) begin : gen_spare
    logic unused_spare;
    assign unused_spare = ^frame_q[BEATS*DataWidth-1:FRAME_WIDTH];
  end

endmodule

`default_nettype wire
