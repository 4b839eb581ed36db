// SPDX-License-Identifier: Apache-2.0
/// Delay lines in a row with a tap behind each, through which two walkers step.
///
/// Function:   every line has Depth places, and both walkers go round over them, a place a step. A step of
///             a walker writes, at its place, data_i to line 0 and tap k-1 to line k: to those lines whose
///             bit of its *_writes_i is set. Tap k is what line k holds at the place of the flush where
///             bit k of flush_reads_i was set in the cycle before, else at the place of the load.
///             start_i puts the flush where the load stands after this cycle's step.
/// Timing:     a word is read in the next cycle; nothing is written without a step
/// Parameters: Width, Lines, Depth >= 1; RamStyle 0: registers, 1: distributed RAM, 2: block RAM
/// Notes:      With one walker, which writes all lines, these are Lines delay lines of Depth steps. A second
///             one may go ahead of it over places whose words the first has not replaced yet. No word may be
///             read next at a place that is written now. A line of one place is a register whatever RamStyle
///             says. hwg_window makes its rows and columns of them.
`default_nettype none

module hwg_tap_lines #(
  parameter int Width    = 8,  // bits of a word
  parameter int Lines    = 2,
  parameter int Depth    = 4,  // places of a line
  parameter int RamStyle = 1   // 0: registers, 1: distributed RAM, 2: block RAM
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  input  wire logic                   load_i,   // a step of the first walker
  input  wire logic                   flush_i,  // of the second
  input  wire logic                   start_i,
  input  wire logic [Lines-1:0]       load_writes_i,
  input  wire logic [Lines-1:0]       flush_writes_i,
  input  wire logic [Lines-1:0]       flush_reads_i,  // from the next cycle on
  input  wire logic [Width-1:0]       data_i,
  output logic      [Lines*Width-1:0] data_o
);

  if (Width < 1 || Lines < 1 || Depth < 1) begin : gen_check_sizes
    initial $fatal(1, "hwg_tap_lines: Width, Lines and Depth must be >= 1");
  end
  if (RamStyle < 0 || RamStyle > 2) begin : gen_check_ram_style
    initial $fatal(1, "hwg_tap_lines: RamStyle must be 0, 1 or 2");
  end

  logic [Lines*Width-1:0] moved;    // what goes into each line
  logic [Lines-1:0]       written;
  assign written = ({Lines{load_i}} & load_writes_i) | ({Lines{flush_i}} & flush_writes_i);
  assign moved[0 +: Width] = data_i;
  for (genvar k = 1; k < Lines; k++) begin : gen_moved
    assign moved[k*Width +: Width] = data_o[(k-1)*Width +: Width];
  end

  if (Depth == 1) begin : gen_registers
    logic unused_places;
    assign unused_places = ^{rst_ni, start_i, flush_reads_i};
    for (genvar k = 0; k < Lines; k++) begin : gen_line
      always_ff @(posedge clk_i) begin
        if (written[k]) data_o[k*Width +: Width] <= moved[k*Width +: Width];
      end
    end
  end else begin : gen_places
    localparam int PLACE_WIDTH = $clog2(Depth);
    logic [PLACE_WIDTH-1:0] load_q, load_d, load_next, flush_q, flush_d, flush_next;
    assign load_next  = (load_q == PLACE_WIDTH'(Depth - 1)) ? '0 : load_q + PLACE_WIDTH'(1);
    assign flush_next = (flush_q == PLACE_WIDTH'(Depth - 1)) ? '0 : flush_q + PLACE_WIDTH'(1);
    always_comb begin
      load_d  = load_i ? load_next : load_q;
      flush_d = flush_i ? flush_next : flush_q;
      if (start_i) flush_d = load_d;
    end
    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        load_q  <= '0;
        flush_q <= '0;
      end else begin
        load_q  <= load_d;
        flush_q <= flush_d;
      end
    end

    if (RamStyle != 2) begin : gen_at_once
      logic [Lines-1:0] reads_q;
      always_ff @(posedge clk_i) begin
        if (!rst_ni) reads_q <= '0;
        else         reads_q <= flush_reads_i;
      end
      for (genvar k = 0; k < Lines; k++) begin : gen_line
        logic [PLACE_WIDTH-1:0] read_at, write_at;
        assign read_at  = reads_q[k] ? flush_q : load_q;
        assign write_at = flush_writes_i[k] ? flush_q : load_q;
        if (RamStyle == 0) begin : gen_flip_flops
          (* ram_style = "registers" *) logic [Width-1:0] mem_q [0:Depth-1];
          always_ff @(posedge clk_i) begin
            if (written[k]) mem_q[write_at] <= moved[k*Width +: Width];
          end
          assign data_o[k*Width +: Width] = mem_q[read_at];
        end else begin : gen_distributed
          (* ram_style = "distributed" *) logic [Width-1:0] mem_q [0:Depth-1];
          always_ff @(posedge clk_i) begin
            if (written[k]) mem_q[write_at] <= moved[k*Width +: Width];
          end
          assign data_o[k*Width +: Width] = mem_q[read_at];
        end
      end
    end else begin : gen_ahead
      for (genvar k = 0; k < Lines; k++) begin : gen_line
        logic [PLACE_WIDTH-1:0] read_at, write_at;
        assign read_at  = flush_reads_i[k] ? flush_d : load_d;  // of the next cycle
        assign write_at = flush_writes_i[k] ? flush_q : load_q;
        (* ram_style = "block" *) logic [Width-1:0] mem_q [0:Depth-1];
        always_ff @(posedge clk_i) begin
          if (written[k]) mem_q[write_at] <= moved[k*Width +: Width];
          data_o[k*Width +: Width] <= mem_q[read_at];
        end
      end
    end
  end

endmodule

`default_nettype wire
