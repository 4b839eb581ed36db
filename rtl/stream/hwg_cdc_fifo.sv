// SPDX-License-Identifier: Apache-2.0
/// First-in first-out buffer between two stream links on two clocks.
///
/// Function:   words leave in the order in which they came, none lost, none doubled
/// Timing:     interval 1 on both sides; a word can leave Stages + 1 cycles of the out clock after it
///             came, a place is free Stages + 1 cycles of the in clock after it was read
/// Parameters: Width >= 1; Depth a power of two >= 4, for full rate at least 2*Stages + 4 words;
///             Stages >= 2
/// Notes:      Each side counts words in Gray code, of which one bit changes at a time, and looks at the
///             other's count through Stages registers: what it sees is a count that was true a moment
///             ago, so no word is read early and none is overwritten.
///             Both resets must be low together for some cycles of the slower clock (hwg_reset_sync
///             releases each with its clock): one side alone must not be reset while words are inside.
///             Constraints (hwgen.package.crossing writes them): from the Gray registers *_gray_q to the
///             first stage *_meet_q[0] at most one period of the faster clock, data path only, so that
///             no two bits of a count arrive more than a cycle apart; the memory likewise.
`default_nettype none

module hwg_cdc_fifo #(
  parameter int Width  = 8,  // bits of a word
  parameter int Depth  = 8,  // words
  parameter int Stages = 2   // registers that a count passes
) (
  // in
  input  wire logic             in_clk_i,
  input  wire logic             in_rst_ni,
  input  wire logic             in_valid_i,
  output logic                  in_ready_o,
  input  wire logic [Width-1:0] in_data_i,
  // out
  input  wire logic             out_clk_i,
  input  wire logic             out_rst_ni,
  output logic                  out_valid_o,
  input  wire logic             out_ready_i,
  output logic      [Width-1:0] out_data_o
);

  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_cdc_fifo: Width must be >= 1");
  end
  if (Depth < 4 || 2 ** $clog2(Depth) != Depth) begin : gen_check_depth
    initial $fatal(1, "hwg_cdc_fifo: Depth must be a power of two >= 4");
  end
  if (Stages < 2) begin : gen_check_stages
    initial $fatal(1, "hwg_cdc_fifo: Stages must be >= 2");
  end

  localparam int PLACE_WIDTH = $clog2(Depth);
  localparam int COUNT_WIDTH = PLACE_WIDTH + 1;  // counts of both sides, modulo 2 * Depth

  logic [Width-1:0]       mem_q [0:Depth-1];  // read at once: of look-up tables, or of registers
  logic [COUNT_WIDTH-1:0] in_count_q, in_next, in_gray_q, out_count_q, out_next, out_gray_q;
  (* async_reg = "true" *) logic [Stages*COUNT_WIDTH-1:0] in_meet_q;   // in_gray_q on the out clock
  (* async_reg = "true" *) logic [Stages*COUNT_WIDTH-1:0] out_meet_q;  // out_gray_q on the in clock
  logic [COUNT_WIDTH-1:0] in_seen, out_seen;
  logic                   push, pull;

  // -- In clock. Full: the counts differ by Depth, in Gray code by their two highest bits.
  localparam logic [COUNT_WIDTH-1:0] FULL = COUNT_WIDTH'(3) << (COUNT_WIDTH - 2);
  assign out_seen   = out_meet_q[(Stages-1)*COUNT_WIDTH +: COUNT_WIDTH];
  assign in_ready_o = in_gray_q != (out_seen ^ FULL);
  assign push       = in_valid_i & in_ready_o;
  assign in_next    = in_count_q + COUNT_WIDTH'(push);
  always_ff @(posedge in_clk_i) begin
    if (!in_rst_ni) begin
      in_count_q <= '0;
      in_gray_q  <= '0;
      out_meet_q <= '0;
    end else begin
      in_count_q <= in_next;
      in_gray_q  <= in_next ^ (in_next >> 1);
      out_meet_q <= {out_meet_q[(Stages-1)*COUNT_WIDTH-1:0], out_gray_q};
    end
  end
  always_ff @(posedge in_clk_i) begin
    if (push) mem_q[in_count_q[PLACE_WIDTH-1:0]] <= in_data_i;
  end

  // -- Out clock. Empty: the counts are equal.
  assign in_seen     = in_meet_q[(Stages-1)*COUNT_WIDTH +: COUNT_WIDTH];
  assign out_valid_o = out_gray_q != in_seen;
  assign out_data_o  = mem_q[out_count_q[PLACE_WIDTH-1:0]];
  assign pull        = out_valid_o & out_ready_i;
  assign out_next    = out_count_q + COUNT_WIDTH'(pull);
  always_ff @(posedge out_clk_i) begin
    if (!out_rst_ni) begin
      out_count_q <= '0;
      out_gray_q  <= '0;
      in_meet_q   <= '0;
    end else begin
      out_count_q <= out_next;
      out_gray_q  <= out_next ^ (out_next >> 1);
      in_meet_q   <= {in_meet_q[(Stages-1)*COUNT_WIDTH-1:0], in_gray_q};
    end
  end

endmodule

`default_nettype wire
