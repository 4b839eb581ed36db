// SPDX-License-Identifier: Apache-2.0
/// Lets the words of a frame leave in another order: transposes, and layouts of another axis order.
///
/// Function:   a frame is Outer * Middle * Inner words; word (o, m, i) that leaves, i counted fastest,
///             is word o*OuterStep + m*MiddleStep + i*InnerStep that came
/// Timing:     interval exactly Outer*Middle*Inner cycles a frame; latency 2 from the last word of a
///             frame to its first; a frame leaves while the next one comes in
/// Parameters: sizes >= 1, steps >= 0, every word within the frame; RamStyle 1: distributed RAM,
///             2: block RAM holds two frames
/// Notes:      A map of channels last becomes one of channels first with Outer = C, Middle = H,
///             Inner = W, OuterStep = 1, MiddleStep = W*C, InnerStep = C. A row-major flatten of a map of
///             channels last changes no order and takes no hardware.
`default_nettype none

module hwg_reorder #(
  parameter int Width      = 8,  // bits of a word
  parameter int Outer      = 2,
  parameter int Middle     = 3,
  parameter int Inner      = 4,
  parameter int OuterStep  = 1,
  parameter int MiddleStep = 8,
  parameter int InnerStep  = 2,
  parameter int RamStyle   = 1
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,
  // in
  input  wire logic             in_valid_i,
  output logic                  in_ready_o,
  input  wire logic [Width-1:0] in_data_i,
  // out
  output logic                  out_valid_o,
  input  wire logic             out_ready_i,
  output logic      [Width-1:0] out_data_o
);

  localparam int WORDS = Outer * Middle * Inner;

  if (Width < 1 || Outer < 1 || Middle < 1 || Inner < 1) begin : gen_check_sizes
    initial $fatal(1, "hwg_reorder: Width, Outer, Middle and Inner must be >= 1");
  end
  if (OuterStep < 0 || MiddleStep < 0 || InnerStep < 0 || (Outer - 1) * OuterStep
      + (Middle - 1) * MiddleStep + (Inner - 1) * InnerStep >= WORDS) begin : gen_check_steps
    initial $fatal(1, "hwg_reorder: steps must be >= 0 and stay within the frame");
  end
  if (RamStyle < 1 || RamStyle > 2) begin : gen_check_ram_style
    initial $fatal(1, "hwg_reorder: RamStyle must be 1 or 2");
  end

  // Two halves of a memory: one is filled while the other leaves.
  localparam int AT_WIDTH = $clog2(WORDS + 1);
  localparam int O_WIDTH  = $clog2(Outer + 1);
  localparam int M_WIDTH  = $clog2(Middle + 1);
  localparam int I_WIDTH  = $clog2(Inner + 1);

  logic [1:0]          full_q, fill, spent;  // of each half
  logic                write_half_q, read_half_q;
  logic [AT_WIDTH-1:0] write_at_q, read_at, row_q, block_q, read_at_q;
  logic [O_WIDTH-1:0]  o_q;
  logic [M_WIDTH-1:0]  m_q;
  logic [I_WIDTH-1:0]  i_q;
  logic                push, pull, write_last, o_last, m_last, i_last;

  assign in_ready_o = ~full_q[write_half_q];
  assign push       = in_valid_i & in_ready_o;
  assign write_last = write_at_q == AT_WIDTH'(WORDS - 1);
  assign pull       = full_q[read_half_q] & (~out_valid_o | out_ready_i);
  assign o_last     = o_q == O_WIDTH'(Outer - 1);
  assign m_last     = m_q == M_WIDTH'(Middle - 1);
  assign i_last     = i_q == I_WIDTH'(Inner - 1);
  assign read_at    = read_at_q;
  assign fill       = {write_half_q, ~write_half_q} & {2{push & write_last}};
  assign spent      = {read_half_q, ~read_half_q} & {2{pull & o_last & m_last & i_last}};

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      full_q       <= '0;
      write_half_q <= 1'b0;
      read_half_q  <= 1'b0;
      write_at_q   <= '0;
      out_valid_o  <= 1'b0;
    end else begin
      full_q       <= (full_q | fill) & ~spent;
      write_half_q <= write_half_q ^ (|fill);
      read_half_q  <= read_half_q ^ (|spent);
      if (push) write_at_q <= write_last ? '0 : write_at_q + AT_WIDTH'(1);
      if (pull)             out_valid_o <= 1'b1;
      else if (out_ready_i) out_valid_o <= 1'b0;
    end
  end

  // Place that is read: block_q is where (o, 0, 0) is, row_q where (o, m, 0) is.
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      o_q       <= '0;
      m_q       <= '0;
      i_q       <= '0;
      block_q   <= '0;
      row_q     <= '0;
      read_at_q <= '0;
    end else if (pull) begin
      i_q <= i_last ? '0 : i_q + I_WIDTH'(1);
      if (!i_last) begin
        read_at_q <= read_at_q + AT_WIDTH'(InnerStep);
      end else if (!m_last) begin
        m_q       <= m_q + M_WIDTH'(1);
        row_q     <= row_q + AT_WIDTH'(MiddleStep);
        read_at_q <= row_q + AT_WIDTH'(MiddleStep);
      end else begin
        m_q       <= '0;
        o_q       <= o_last ? '0 : o_q + O_WIDTH'(1);
        block_q   <= o_last ? '0 : block_q + AT_WIDTH'(OuterStep);
        row_q     <= o_last ? '0 : block_q + AT_WIDTH'(OuterStep);
        read_at_q <= o_last ? '0 : block_q + AT_WIDTH'(OuterStep);
      end
    end
  end

  localparam int PLACE_WIDTH = (WORDS > 1) ? $clog2(WORDS) + 1 : 1;  // the half is the highest bit
  logic [PLACE_WIDTH-1:0] write_place, read_place;
  if (WORDS > 1) begin : gen_places
    assign write_place = {write_half_q, write_at_q[PLACE_WIDTH-2:0]};
    assign read_place  = {read_half_q, read_at[PLACE_WIDTH-2:0]};
  end else begin : gen_one_word
    assign write_place = write_half_q;
    assign read_place  = read_half_q;
  end
  if ($clog2(WORDS) < AT_WIDTH) begin : gen_spare
    logic unused_high;
    assign unused_high = ^{write_at_q, read_at};
  end
  if (RamStyle == 1) begin : gen_distributed
    (* ram_style = "distributed" *) logic [Width-1:0] mem_q [0:2**PLACE_WIDTH-1];
    always_ff @(posedge clk_i) begin
      if (push) mem_q[write_place] <= in_data_i;
    end
    always_ff @(posedge clk_i) begin
      if (pull) out_data_o <= mem_q[read_place];
    end
  end else begin : gen_block
    (* ram_style = "block" *) logic [Width-1:0] mem_q [0:2**PLACE_WIDTH-1];
    always_ff @(posedge clk_i) begin
      if (push) mem_q[write_place] <= in_data_i;
    end
    always_ff @(posedge clk_i) begin
      if (pull) out_data_o <= mem_q[read_place];
    end
  end

endmodule

`default_nettype wire
