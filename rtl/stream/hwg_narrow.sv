// SPDX-License-Identifier: Apache-2.0
/// Cuts wide words of a stream into narrow ones.
///
/// Function:   a word of Parts * Width bits leaves as Parts words of Width bits, lowest bits first.
///             Groups of Count narrow words each begin in a new wide one: where Count is no multiple of
///             Parts the last wide word of a group leaves as fewer, and its high bits are dropped.
/// Timing:     latency 0, interval 1 on the narrow side: one word a cycle, without a gap between wide
///             ones; ready and valid are combinational in those of the other side
/// Parameters: Width, Parts, Count >= 1
/// Notes:      Holds no data: the wide word stays where it is until its last part is taken, as
///             docs/links.md asks of every source.
`default_nettype none

module hwg_narrow #(
  parameter int Width = 8,  // bits of a narrow word
  parameter int Parts = 2,  // narrow words in a wide one
  parameter int Count = 2   // narrow words of a group
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  // in, wide
  input  wire logic                   in_valid_i,
  output logic                        in_ready_o,
  input  wire logic [Parts*Width-1:0] in_data_i,
  // out, narrow
  output logic                        out_valid_o,
  input  wire logic                   out_ready_i,
  output logic      [Width-1:0]       out_data_o
);

  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_narrow: Width must be >= 1");
  end
  if (Parts < 1) begin : gen_check_parts
    initial $fatal(1, "hwg_narrow: Parts must be >= 1");
  end
  if (Count < 1) begin : gen_check_count
    initial $fatal(1, "hwg_narrow: Count must be >= 1");
  end

  localparam int WORDS = (Count + Parts - 1) / Parts;    // wide words of a group
  localparam int REST  = Count - (WORDS - 1) * Parts;    // parts of its last one
  localparam int PART_WIDTH = (Parts > 1) ? $clog2(Parts) : 1;

  logic last;  // the part that is offered is the last one of its word

  assign out_valid_o = in_valid_i;
  assign in_ready_o  = out_ready_i & last;

  if (Parts == 1) begin : gen_same
    logic unused_clocked;
    assign unused_clocked = clk_i ^ rst_ni;
    assign last           = 1'b1;
    assign out_data_o     = in_data_i;
  end else begin : gen_parts
    logic [PART_WIDTH-1:0] part_d, part_q;
    logic                  final_word;  // the last wide word of a group is there
    if (REST == Parts) begin : gen_whole
      assign final_word = 1'b0;
    end else if (WORDS == 1) begin : gen_short
      assign final_word = 1'b1;
    end else begin : gen_rest
      localparam int WORD_WIDTH = $clog2(WORDS);
      logic [WORD_WIDTH-1:0] word_q;
      assign final_word = word_q == WORD_WIDTH'(WORDS - 1);
      always_ff @(posedge clk_i) begin
        if (!rst_ni)                       word_q <= '0;
        else if (in_valid_i && in_ready_o) word_q <= final_word ? '0 : word_q + WORD_WIDTH'(1);
      end
    end
    assign last = part_q == (final_word ? PART_WIDTH'(REST - 1) : PART_WIDTH'(Parts - 1));
    always_comb begin
      part_d = part_q;
      if (in_valid_i && out_ready_i) part_d = last ? '0 : part_q + PART_WIDTH'(1);
    end
    always_ff @(posedge clk_i) begin
      if (!rst_ni) part_q <= '0;
      else         part_q <= part_d;
    end
    // Bit by bit a choice among as many as there are places for, so that it is a plain multiplexer.
    for (genvar b = 0; b < Width; b++) begin : gen_bit
      logic [2**PART_WIDTH-1:0] choice;
      for (genvar i = 0; i < 2 ** PART_WIDTH; i++) begin : gen_choice
        assign choice[i] = in_data_i[((i < Parts) ? i : Parts - 1)*Width+b];
      end
      assign out_data_o[b] = choice[part_q];
    end
  end

endmodule

`default_nettype wire
