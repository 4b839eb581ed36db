// SPDX-License-Identifier: Apache-2.0
/// The gate in front of an AXI-Stream input: stops between samples, and cuts frames into samples.
///
/// Function:   beats pass as they are. With many_i high, TLAST is also set on every Beats-th beat, so
///             that a frame may carry any number of samples, each of Beats whole beats. With enable_i
///             low nothing passes, once the sample that is under way is complete.
/// Timing:     latency 0; ready is combinational in the ready of the other side
/// Parameters: DataWidth a multiple of 8, Beats >= 1
/// Notes:      In reset nothing is taken. many_i changes only between frames. The handshake rules are
///             in docs/links.md.
`default_nettype none

module hwg_axis_split #(
  parameter int DataWidth = 64,  // bits of a beat
  parameter int Beats     = 1    // beats of a sample
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  input  wire logic                   enable_i,
  input  wire logic                   many_i,
  output logic                        open_o,    // inside a sample
  output logic                        sample_o,  // the last beat of a sample passes
  // in
  input  wire logic                   in_valid_i,
  output logic                        in_ready_o,
  input  wire logic [DataWidth-1:0]   in_data_i,
  input  wire logic [DataWidth/8-1:0] in_keep_i,
  input  wire logic                   in_last_i,
  // out
  output logic                        out_valid_o,
  input  wire logic                   out_ready_i,
  output logic      [DataWidth-1:0]   out_data_o,
  output logic      [DataWidth/8-1:0] out_keep_o,
  output logic                        out_last_o
);

  if (DataWidth < 8 || DataWidth % 8 != 0) begin : gen_check_data
    initial $fatal(1, "hwg_axis_split: DataWidth must be a multiple of 8");
  end
  if (Beats < 1) begin : gen_check_beats
    initial $fatal(1, "hwg_axis_split: Beats must be >= 1");
  end

  localparam int BEAT_WIDTH = (Beats > 1) ? $clog2(Beats) : 1;

  logic [BEAT_WIDTH-1:0] beat_d, beat_q;
  logic                  busy_d, busy_q;  // a sample was offered, and is not through
  logic                  pass, accept, cut;

  assign pass        = rst_ni & (enable_i | busy_q);
  assign cut         = many_i & (beat_q == BEAT_WIDTH'(Beats - 1));
  assign out_valid_o = in_valid_i & pass;
  assign in_ready_o  = out_ready_i & pass;
  assign out_data_o  = in_data_i;
  assign out_keep_o  = in_keep_i;
  assign out_last_o  = in_last_i | cut;
  assign accept      = out_valid_o & out_ready_i;
  assign open_o      = busy_q;
  assign sample_o    = accept & out_last_o;

  always_comb begin
    beat_d = beat_q;
    busy_d = busy_q | out_valid_o;
    if (accept) begin
      busy_d = ~out_last_o;
      beat_d = (out_last_o || beat_q == BEAT_WIDTH'(Beats - 1)) ? '0 : beat_q + BEAT_WIDTH'(1);
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      beat_q <= '0;
      busy_q <= 1'b0;
    end else begin
      beat_q <= beat_d;
      busy_q <= busy_d;
    end
  end

endmodule

`default_nettype wire
