// SPDX-License-Identifier: Apache-2.0
/// Says which memory of tables a word goes to, and whether there is such a word.
///
/// Function:   by kind and address one write line a memory; rows of the KLT, three words each, are
///             put together. A memory is written while its engine stands still.
/// Timing:     combinational; a row goes with its third word
/// Parameters: those of hwg_codec_dma
/// Notes:      Kinds: 0 decode table, 1 decode weights, 2 encode table, 3 encode states, 4 encode
///             weights, 5 rows of the writer, 6 rows of the reader.
`default_nettype none

module hwg_dma_tables #(
  parameter int Coder     = 0,
  parameter int Sets      = 1,
  parameter int Weighted  = 0,
  parameter int Writer    = 1,
  parameter int Reader    = 1,
  parameter int Groups    = 0   // of eight channels of a KLT; 0: there are no rows
) (
  input  wire logic        clk_i,
  input  wire logic        write_i,
  input  wire logic [2:0]  kind_i,
  input  wire logic [15:0] addr_i,
  input  wire logic [31:0] data_i,
  input  wire logic [1:0]  working_i,  // writer, reader
  output logic             known_o,
  output logic      [6:0]  write_o,    // by kind
  output logic      [90:0] row_o
);

  if (Coder < 0 || Coder > 1 || Weighted < 0 || Weighted > 1) begin : gen_check_flags
    initial $fatal(1, "hwg_dma_tables: Coder and Weighted must be 0 or 1");
  end
  if (Sets < 1 || Sets > 16) begin : gen_check_sets
    initial $fatal(1, "hwg_dma_tables: Sets must be 1 to 16");
  end
  if (Writer < 0 || Writer > 1 || Reader < 0 || Reader > 1) begin : gen_check_engines
    initial $fatal(1, "hwg_dma_tables: Writer and Reader must be 0 or 1");
  end
  if (Groups < 0 || Groups > 512) begin : gen_check_groups
    initial $fatal(1, "hwg_dma_tables: Groups must be 0 to 512");
  end

  localparam int WRITER = 0, READER = 1;
  localparam int ROW_WORDS = 32 * Groups;  // four words a row
  localparam logic [6:0] THERE = {
    (Reader != 0) && (Groups != 0), (Writer != 0) && (Groups != 0),
    (Writer != 0) && (Weighted != 0), (Writer != 0) && (Coder != 0), Writer != 0,
    (Reader != 0) && (Weighted != 0), Reader != 0
  };

  logic [6:0]  at_rest, selected;
  logic [16:0] limit;  // words of the memory
  logic [63:0] row_q;
  logic        row_ends;

  assign at_rest  = {~working_i[READER], {4{~working_i[WRITER]}}, {2{~working_i[READER]}}};
  assign selected = 7'd1 << kind_i;
  assign row_ends = addr_i[1:0] == 2'd2;
  assign write_o  = {7{write_i}} & selected & {{2{row_ends}}, 5'h1f};
  assign row_o    = {data_i[26:0], row_q};

  always_comb begin
    case (kind_i)
      3'd0, 3'd3: limit = 17'(4096 * Sets);
      3'd1, 3'd4: limit = 17'(128 * Sets);
      3'd2:       limit = 17'(512 * Sets);
      3'd5, 3'd6: limit = 17'(ROW_WORDS);
      default:    limit = '0;
    endcase
    known_o = ({1'b0, addr_i} < limit) & (|(THERE & at_rest & selected));
  end

  always_ff @(posedge clk_i) begin
    if (write_i && addr_i[1:0] == 2'd0) row_q[31:0] <= data_i;
    if (write_i && addr_i[1:0] == 2'd1) row_q[63:32] <= data_i;
  end

endmodule

`default_nettype wire
