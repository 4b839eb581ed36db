// SPDX-License-Identifier: Apache-2.0
/// Output stage of the reader: what is offered stays, and every tensor has an end.
///
/// Function:   passes beats on. When a tensor is given up before its last beat has come, a beat
///             without values follows what is here already: last of its block, which is damaged, and
///             last of the tensor.
/// Timing:     latency 1, interval 1
/// Parameters: Width >= 1, CountWidth >= 1
/// Notes:      busy_o: beats wait to be taken. Those of a tensor that was given up do not count: they
///             may wait for ever.
`default_nettype none

module hwg_dma_deliver #(
  parameter int Width      = 8,  // bits of the values of a beat
  parameter int CountWidth = 1
) (
  input  wire logic                  clk_i,
  input  wire logic                  rst_ni,
  input  wire logic                  begin_i,
  input  wire logic                  refuse_i,  // the tensor was not begun after all
  input  wire logic                  stop_i,    // the tensor is given up
  output logic                       busy_o,
  // in
  input  wire logic                  in_valid_i,
  output logic                       in_ready_o,
  input  wire logic [Width-1:0]      in_data_i,
  input  wire logic [CountWidth-1:0] in_count_i,
  input  wire logic                  in_block_i,
  input  wire logic                  in_fault_i,
  input  wire logic                  in_last_i,
  // out
  output logic                       out_valid_o,
  input  wire logic                  out_ready_i,
  output logic      [Width-1:0]      out_data_o,
  output logic      [CountWidth-1:0] out_count_o,
  output logic                       out_block_o,
  output logic                       out_fault_o,
  output logic                       out_last_o
);

  if (Width < 1 || CountWidth < 1) begin : gen_check_width
    initial $fatal(1, "hwg_dma_deliver: Width and CountWidth must be >= 1");
  end

  logic                        open_d, open_q;    // the last beat of the tensor is to come
  logic                        ends_d, ends_q;    // it is made up here
  logic                        given_d, given_q;  // up, the tensor before or this one
  logic                        room, passed;
  logic [Width+CountWidth+2:0] word;

  assign in_ready_o = room & open_q;  // what comes outside of a tensor is not looked at
  assign passed     = in_valid_i & in_ready_o;
  assign word       = ends_q ? {3'b111, {(Width + CountWidth){1'b0}}}
                             : {in_last_i, in_fault_i, in_block_i, in_count_i, in_data_i};
  assign busy_o     = out_valid_o & ~given_q;

  always_comb begin
    open_d  = open_q & ~(passed & in_last_i);
    ends_d  = ends_q & ~room;
    given_d = given_q;
    if (stop_i) begin
      ends_d  = open_d;
      given_d = 1'b1;
      open_d  = 1'b0;
    end
    if (refuse_i) open_d = 1'b0;
    if (begin_i) begin
      open_d  = 1'b1;
      given_d = 1'b0;
    end
  end

  hwg_fifo #(.Width(Width + CountWidth + 3), .Depth(2)) i_words (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .in_valid_i  (passed | ends_q),
    .in_ready_o  (room),
    .in_data_i   (word),
    .out_valid_o (out_valid_o),
    .out_ready_i (out_ready_i),
    .out_data_o  ({out_last_o, out_fault_o, out_block_o, out_count_o, out_data_o})
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      open_q  <= 1'b0;
      ends_q  <= 1'b0;
      given_q <= 1'b0;
    end else begin
      open_q  <= open_d;
      ends_q  <= ends_d;
      given_q <= given_d;
    end
  end

endmodule

`default_nettype wire
