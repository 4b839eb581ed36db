// SPDX-License-Identifier: Apache-2.0
/// Sends a sample as the beats of an AXI-Stream frame.
///
/// Function:   a sample is Count elements of Width bits, element 0 in the lowest bits. In the frame
///             each is extended to a Container, packed without gaps, lowest byte first. TLAST marks
///             the last beat; TKEEP is all ones, on the last beat only the bytes used; the bytes
///             behind the sample are zero.
/// Timing:     latency 1 to the first beat, interval BEATS, no bubble between frames
/// Parameters: DataWidth and Container multiples of 8; 1 <= Width <= Container; Count >= 1
/// Notes:      The handshake rules are in docs/links.md.
`default_nettype none

module hwg_axis_pack #(
  parameter int DataWidth = 64,  // bits of a beat
  parameter int Container = 8,   // bits an element takes in the frame
  parameter int Width     = 8,   // bits of an element
  parameter int Signed    = 1,   // 1: elements are two's complement and sign-extended
  parameter int Count     = 16   // elements of a sample
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  // in: samples
  input  wire logic                   in_valid_i,
  output logic                        in_ready_o,
  input  wire logic [Count*Width-1:0] in_data_i,
  // out: beats
  output logic                        out_valid_o,
  input  wire logic                   out_ready_i,
  output logic      [DataWidth-1:0]   out_data_o,
  output logic      [DataWidth/8-1:0] out_keep_o,
  output logic                        out_last_o
);

  if (DataWidth < 8 || DataWidth % 8 != 0) begin : gen_check_data
    initial $fatal(1, "hwg_axis_pack: DataWidth must be a multiple of 8");
  end
  if (Container < 8 || Container % 8 != 0) begin : gen_check_container
    initial $fatal(1, "hwg_axis_pack: Container must be a multiple of 8");
  end
  if (Width < 1 || Width > Container) begin : gen_check_width
    initial $fatal(1, "hwg_axis_pack: Width must be 1 to Container");
  end
  if (Count < 1) begin : gen_check_count
    initial $fatal(1, "hwg_axis_pack: Count must be >= 1");
  end
  if (Signed < 0 || Signed > 1) begin : gen_check_signed
    initial $fatal(1, "hwg_axis_pack: Signed must be 0 or 1");
  end

  localparam int FRAME_WIDTH = Count * Container;
  localparam int BEATS       = (FRAME_WIDTH + DataWidth - 1) / DataWidth;
  localparam int BEAT_WIDTH  = (BEATS > 1) ? $clog2(BEATS) : 1;
  localparam int KEEP_WIDTH  = DataWidth / 8;
  localparam int SPARE_BYTES = (BEATS * DataWidth - FRAME_WIDTH) / 8;  // of the last beat

  logic [BEATS*DataWidth-1:0] frame, frame_d, frame_q;  // next beat in the lowest bits
  logic [BEAT_WIDTH-1:0]      beat_d, beat_q;
  logic                       valid_d, valid_q;
  logic                       load;

  for (genvar i = 0; i < Count; i++) begin : gen_element
    assign frame[i*Container +: Width] = in_data_i[i*Width +: Width];
    if (Container > Width) begin : gen_extend
      assign frame[i*Container+Width +: Container-Width] =
          {(Container-Width){(Signed != 0) & in_data_i[(i+1)*Width-1]}};
    end
  end
  if (SPARE_BYTES > 0) begin : gen_spare
    assign frame[BEATS*DataWidth-1:FRAME_WIDTH] = '0;
  end

  assign out_valid_o = valid_q;
  assign out_data_o  = frame_q[DataWidth-1:0];
  assign out_last_o  = beat_q == BEAT_WIDTH'(BEATS - 1);
  assign out_keep_o  = out_last_o ? ({KEEP_WIDTH{1'b1}} >> SPARE_BYTES) : '1;
  assign in_ready_o  = ~valid_q | (out_last_o & out_ready_i);
  assign load        = in_valid_i & in_ready_o;

  always_comb begin
    valid_d = valid_q;
    beat_d  = beat_q;
    frame_d = frame_q;
    if (load) begin
      valid_d = 1'b1;
      beat_d  = '0;
      frame_d = frame;
    end else if (valid_q && out_ready_i) begin
      valid_d = ~out_last_o;
      beat_d  = out_last_o ? '0 : beat_q + BEAT_WIDTH'(1);
      frame_d = frame_q >> DataWidth;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      beat_q  <= '0;
    end else begin
      valid_q <= valid_d;
      beat_q  <= beat_d;
    end
  end

  always_ff @(posedge clk_i) frame_q <= frame_d;

endmodule

`default_nettype wire
