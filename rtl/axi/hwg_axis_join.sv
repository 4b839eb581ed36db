// SPDX-License-Identifier: Apache-2.0
/// Behind an AXI-Stream output: joins several samples into one frame.
///
/// Function:   with batch_i of 0 or 1 beats pass as they are. Above, TLAST passes with every batch_i-th
///             sample only, and TKEEP is all ones: a sample takes whole beats.
/// Timing:     latency 0; ready is combinational in the ready of the other side
/// Parameters: DataWidth a multiple of 8
/// Notes:      batch_i changes only between frames. The handshake rules are in docs/links.md.
`default_nettype none

module hwg_axis_join #(
  parameter int DataWidth = 64  // bits of a beat
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  input  wire logic [31:0]            batch_i,
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
    initial $fatal(1, "hwg_axis_join: DataWidth must be a multiple of 8");
  end

  logic        first_d, first_q;  // the next sample begins a frame
  logic [31:0] left_d, left_q;    // samples up to its end, this one included
  logic        many, final_sample;

  assign many         = batch_i > 32'd1;
  assign final_sample = first_q ? ~many : left_q == 32'd1;
  assign out_valid_o  = in_valid_i;
  assign in_ready_o   = out_ready_i;
  assign out_data_o   = in_data_i;
  assign out_keep_o   = many ? '1 : in_keep_i;
  assign out_last_o   = in_last_i & final_sample;
  assign sample_o     = in_valid_i & out_ready_i & in_last_i;

  always_comb begin
    first_d = first_q;
    left_d  = left_q;
    if (sample_o) begin
      first_d = final_sample;
      left_d  = (first_q ? batch_i : left_q) - 32'd1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) first_q <= 1'b1;
    else         first_q <= first_d;
    left_q <= left_d;
  end

endmodule

`default_nettype wire
