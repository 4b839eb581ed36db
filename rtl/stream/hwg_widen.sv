// SPDX-License-Identifier: Apache-2.0
/// Collects narrow words of a stream into wide ones.
///
/// Function:   Parts words of Width bits leave as one of Parts * Width bits, the first in the lowest
///             bits. Groups of Count narrow words each begin a new wide one: where Count is no multiple
///             of Parts the last wide word of a group holds fewer, and zeros above them.
/// Timing:     latency 0 from the last word of a wide one, interval 1 on the narrow side; ready and
///             valid are combinational in those of the other side
/// Parameters: Width, Parts, Count >= 1
/// Notes:      The last word goes through: only those before it are held. docs/links.md keeps it where
///             it is until the wide word is taken.
`default_nettype none

module hwg_widen #(
  parameter int Width = 8,  // bits of a narrow word
  parameter int Parts = 2,  // narrow words in a wide one
  parameter int Count = 2   // narrow words of a group
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  // in, narrow
  input  wire logic                   in_valid_i,
  output logic                        in_ready_o,
  input  wire logic [Width-1:0]       in_data_i,
  // out, wide
  output logic                        out_valid_o,
  input  wire logic                   out_ready_i,
  output logic      [Parts*Width-1:0] out_data_o
);

  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_widen: Width must be >= 1");
  end
  if (Parts < 1) begin : gen_check_parts
    initial $fatal(1, "hwg_widen: Parts must be >= 1");
  end
  if (Count < 1) begin : gen_check_count
    initial $fatal(1, "hwg_widen: Count must be >= 1");
  end

  localparam int WORDS = (Count + Parts - 1) / Parts;  // wide words of a group
  localparam int REST  = Count - (WORDS - 1) * Parts;  // narrow words of its last one
  localparam int PART_WIDTH = (Parts > 1) ? $clog2(Parts) : 1;

  if (Parts == 1) begin : gen_same
    logic unused_clocked;
    assign unused_clocked = clk_i ^ rst_ni;
    assign out_valid_o    = in_valid_i;
    assign in_ready_o     = out_ready_i;
    assign out_data_o     = in_data_i;
  end else begin : gen_parts
    logic [PART_WIDTH-1:0]      part_q;       // of the word that comes next
    logic [(Parts-1)*Width-1:0] held_q;       // the words before it
    logic                       final_word;   // the last wide word of a group is being filled
    logic                       last;         // the word that comes next is the last of a wide one

    if (REST == Parts) begin : gen_whole
      assign final_word = 1'b0;
    end else if (WORDS == 1) begin : gen_short
      assign final_word = 1'b1;
    end else begin : gen_rest
      localparam int WORD_WIDTH = $clog2(WORDS);
      logic [WORD_WIDTH-1:0] word_q;
      assign final_word = word_q == WORD_WIDTH'(WORDS - 1);
      always_ff @(posedge clk_i) begin
        if (!rst_ni)                        word_q <= '0;
        else if (out_valid_o && out_ready_i) word_q <= final_word ? '0 : word_q + WORD_WIDTH'(1);
      end
    end

    assign last        = part_q == (final_word ? PART_WIDTH'(REST - 1) : PART_WIDTH'(Parts - 1));
    assign out_valid_o = in_valid_i & last;
    assign in_ready_o  = out_ready_i | ~last;

    always_comb begin
      out_data_o = {in_data_i, held_q};
      if (final_word) begin
        out_data_o = '0;
        for (int i = 0; i < REST - 1; i++) out_data_o[i*Width +: Width] = held_q[i*Width +: Width];
        out_data_o[(REST-1)*Width +: Width] = in_data_i;
      end
    end

    always_ff @(posedge clk_i) begin
      if (!rst_ni)                        part_q <= '0;
      else if (in_valid_i && in_ready_o) part_q <= last ? '0 : part_q + PART_WIDTH'(1);
    end
    always_ff @(posedge clk_i) begin
      for (int i = 0; i < Parts - 1; i++) begin
        if (in_valid_i && part_q == PART_WIDTH'(i)) held_q[i*Width +: Width] <= in_data_i;
      end
    end
  end

endmodule

`default_nettype wire
