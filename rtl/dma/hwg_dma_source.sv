// SPDX-License-Identifier: Apache-2.0
/// Watches the stream of values to be written: one packet is one tensor.
///
/// Function:   lets through the values of the tensor that was begun, and compares the end of their
///             packet with the end of the tensor. A packet that ends too early, or does not end, is
///             told, and so is a source that offers nothing for more than limit_i cycles in which it
///             was waited for (0: it may take for ever). What is left of a packet when its tensor is
///             over is dropped, up to its last beat: so long there is a tail.
/// Timing:     combinational; what happens is told a cycle behind the beat, late_o three cycles after
///             the limit
/// Parameters: Width >= 1
/// Notes:      final_i tells with every beat that is offered whether the tensor ends with it.
///             clear_i: there is no tail, for the source was reset.
`default_nettype none

module hwg_dma_source #(
  parameter int Width = 8  // bits of a beat
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,
  input  wire logic             begin_i,
  input  wire logic             stop_i,    // the tensor is given up
  input  wire logic             clear_i,
  input  wire logic [31:0]      limit_i,
  // in
  input  wire logic             in_valid_i,
  output logic                  in_ready_o,
  input  wire logic [Width-1:0] in_data_i,
  input  wire logic             in_last_i,
  // out
  output logic                  out_valid_o,
  input  wire logic             out_ready_i,
  output logic      [Width-1:0] out_data_o,
  input  wire logic             final_i,
  // what happens
  output logic                  tail_o,
  output logic                  short_o,
  output logic                  long_o,
  output logic                  late_o
);

  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_dma_source: Width must be >= 1");
  end

  logic        open_d, open_q;      // the tensor has values to come
  logic        inside_d, inside_q;  // its packet has begun, and has not ended
  logic        tail_d, tail_q;
  logic        passed, waits, reached_q;
  logic [31:0] count_q;             // cycles in which the source was waited for

  assign out_data_o  = in_data_i;
  assign out_valid_o = in_valid_i & open_q & ~tail_q;
  assign in_ready_o  = tail_q | (open_q & out_ready_i);
  assign passed      = out_valid_o & out_ready_i;
  assign tail_o      = tail_q;

  always_comb begin
    open_d   = open_q;
    inside_d = inside_q;
    tail_d   = tail_q & ~(in_valid_i & in_last_i);
    if (passed) begin
      open_d   = ~(final_i | in_last_i);
      inside_d = ~in_last_i;
      if (final_i) tail_d = ~in_last_i;
    end
    if (stop_i) begin
      open_d = 1'b0;
      if (inside_d && !tail_q) tail_d = 1'b1;
    end
    if (begin_i) begin
      open_d   = 1'b1;
      inside_d = 1'b0;
    end
    if (clear_i) begin
      inside_d = 1'b0;
      tail_d   = 1'b0;
    end
  end

  assign waits  = open_q & in_ready_o & ~in_valid_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      open_q    <= 1'b0;
      inside_q  <= 1'b0;
      tail_q    <= 1'b0;
      reached_q <= 1'b0;
      short_o   <= 1'b0;
      long_o    <= 1'b0;
      late_o    <= 1'b0;
    end else begin
      open_q    <= open_d;
      inside_q  <= inside_d;
      tail_q    <= tail_d;
      reached_q <= waits & (count_q == limit_i) & (limit_i != '0);
      short_o   <= passed & in_last_i & ~final_i;
      long_o    <= passed & ~in_last_i & final_i;
      late_o    <= reached_q & waits;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!waits) count_q <= 32'd1;
    else        count_q <= count_q + 32'd1;
  end

endmodule

`default_nettype wire
