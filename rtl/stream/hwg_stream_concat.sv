// SPDX-License-Identifier: Apache-2.0
/// Concatenates streams: some words of the first, some of the second and so on, again and again.
///
/// Function:   in every round Counts[0] words of source 0 leave, then Counts[1] of source 1, to the last
///             source. With the words of a pixel maps are joined along their channels, with those of a
///             row along their columns, with those of a map along their rows
/// Timing:     latency 0, interval 1; ready and valid are combinational in those of the other sides
/// Parameters: Sources >= 1, Width >= 1; Counts are words of 32 bits, each from 1 to MaxCount, source 0 in
///             the lowest
/// Notes:      The data stays as docs/links.md asks of every source; nothing is held here.
`default_nettype none

module hwg_stream_concat #(
  parameter int Sources  = 2,
  parameter int Width    = 8,  // bits of a word
  parameter int MaxCount = 1,  // the largest of Counts
  parameter logic [Sources*32-1:0] Counts = {Sources{32'd1}}  // words of each source in a round
) (
  input  wire logic                     clk_i,
  input  wire logic                     rst_ni,
  // in, one a source
  input  wire logic [Sources-1:0]       in_valid_i,
  output logic      [Sources-1:0]       in_ready_o,
  input  wire logic [Sources*Width-1:0] in_data_i,
  // out
  output logic                          out_valid_o,
  input  wire logic                     out_ready_i,
  output logic      [Width-1:0]         out_data_o
);

  if (Sources < 1) begin : gen_check_sources
    initial $fatal(1, "hwg_stream_concat: Sources must be >= 1");
  end
  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_stream_concat: Width must be >= 1");
  end
  if (MaxCount < 1) begin : gen_check_max_count
    initial $fatal(1, "hwg_stream_concat: MaxCount must be >= 1");
  end
  for (genvar i = 0; i < Sources; i++) begin : gen_check_counts
    if (Counts[i*32 +: 32] == 32'd0 || Counts[i*32 +: 32] > 32'(MaxCount)) begin : gen_check_count
      initial $fatal(1, "hwg_stream_concat: every count must be from 1 to MaxCount");
    end
  end

  localparam int LEFT_WIDTH = (MaxCount > 1) ? $clog2(MaxCount) : 1;

  logic [Sources-1:0]    turn_q;  // one hot: the source whose words leave
  logic [LEFT_WIDTH-1:0] left_q;  // words of it that have left
  logic [Sources-1:0]    at_end;  // the next word is the last of its source
  logic [Sources-1:0] turned;
  logic               last, passes;

  for (genvar i = 0; i < Sources; i++) begin : gen_source
    assign at_end[i] = left_q == LEFT_WIDTH'(Counts[i*32 +: 32] - 32'd1);
    assign turned[i] = turn_q[(i+Sources-1)%Sources];
  end
  assign last        = |(at_end & turn_q);
  assign out_valid_o = |(in_valid_i & turn_q);
  assign in_ready_o  = turn_q & {Sources{out_ready_i}};
  assign passes      = out_valid_o & out_ready_i;

  always_comb begin
    out_data_o = '0;
    for (int i = 0; i < Sources; i++) begin
      if (turn_q[i]) out_data_o = out_data_o | in_data_i[i*Width +: Width];
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      turn_q <= Sources'(1);
      left_q <= '0;
    end else if (passes) begin
      turn_q <= last ? turned : turn_q;
      left_q <= last ? '0 : left_q + LEFT_WIDTH'(1);
    end
  end

endmodule

`default_nettype wire
