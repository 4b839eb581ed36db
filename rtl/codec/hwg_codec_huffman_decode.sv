// SPDX-License-Identifier: Apache-2.0
/// The Huffman half of a decode lane: two table look-ups side by side find any code word.
///
/// Function:   the code word of the context's table at the head of the bits, then the token's raw
///             bits. Equal to hwgen.codec.huffman.codes with hwgen.codec.block's order of bits.
/// Timing:     a turn is 4 cycles long: context in stage 0, bits in stage 2, bits taken in stage 3,
///             token in stage 4; another turn begins every cycle
/// Parameters: Sets a power of two
/// Notes:      In a complete canonical code of 32 symbols the words of more than 8 bits are the
///             highest ones and begin with 1111: they fill fewer than 16 of 256 prefixes. So one
///             table is read with bits 0 to 7, the other with bits 4 to 11, both at once, and a
///             length of 0 in the first points to the second. Word 4096 set + 256 ctx + bits holds
///             {length 4, token 5} of either, the first one's in the low half:
///             hwgen.codec.memory_images.huffman_lookup_rom.
`default_nettype none

module hwg_codec_huffman_decode #(
  parameter int Sets = 1,  // table sets
  localparam int SetWidth = (Sets > 1) ? $clog2(Sets) : 1
) (
  input  wire logic                 clk_i,
  // table
  input  wire logic                 table_write_i,
  input  wire logic [SetWidth+11:0] table_addr_i,
  input  wire logic [17:0]          table_data_i,
  // stage 0
  input  wire logic [SetWidth-1:0]  set_i,
  input  wire logic [3:0]           ctx_i,
  // stage 2: the bits from the thread's position on
  input  wire logic [24:0]          bits_i,
  input  wire logic                 valid_i,
  input  wire logic                 raw_i,    // a value of raw_width_i bits, as it is
  input  wire logic [3:0]           raw_width_i,
  // stage 3
  output logic      [4:0]           take_o,   // bits used
  // stage 4
  output logic                      direct_o, // the token is the value
  output logic      [2:0]           token_o,  // its low bits
  output logic      [3:0]           extra_width_o,
  output logic      [14:0]          extra_o   // raw bits, lowest first; higher ones mean nothing
);

  if (Sets < 1 || (Sets & (Sets - 1)) != 0) begin : gen_check_sets
    initial $fatal(1, "hwg_codec_huffman_decode: Sets must be a power of two");
  end

  // Stages 0 to 2: the words that the next bits lead to.
  localparam int ADDR_WIDTH = (Sets > 1) ? SetWidth + 12 : 12;
  logic [SetWidth+3:0]   row_1_q, row_2_q;  // set and context
  logic [ADDR_WIDTH-1:0] short_addr, long_addr, write_addr;
  always_ff @(posedge clk_i) begin
    row_1_q <= {set_i, ctx_i};
    row_2_q <= row_1_q;
  end
  assign short_addr = ADDR_WIDTH'({row_2_q, bits_i[7:0]});
  assign long_addr  = ADDR_WIDTH'({row_2_q, bits_i[11:4]});
  assign write_addr = ADDR_WIDTH'(table_addr_i);
  if (Sets == 1) begin : gen_set
    logic unused_set;
    assign unused_set = ^{row_2_q[SetWidth+3], table_addr_i[SetWidth+11]};
  end

  logic [8:0] short_entry, long_entry;
  hwg_codec_table #(
    .Width(9),
    .Depth(4096 * Sets)
  ) u_short (
    .clk_i       (clk_i),
    .write_i     (table_write_i),
    .write_addr_i(write_addr),
    .write_data_i(table_data_i[8:0]),
    .addr_i      (short_addr),
    .data_o      (short_entry)
  );
  hwg_codec_table #(
    .Width(9),
    .Depth(4096 * Sets)
  ) u_long (
    .clk_i       (clk_i),
    .write_i     (table_write_i),
    .write_addr_i(write_addr),
    .write_data_i(table_data_i[17:9]),
    .addr_i      (long_addr),
    .data_o      (long_entry)
  );

  logic [24:0] bits_3_q;
  logic [3:0]  raw_width_3_q, raw_take_3_q;
  logic        raw_3_q, coded_3_q;
  always_ff @(posedge clk_i) begin
    bits_3_q      <= bits_i;
    raw_width_3_q <= raw_width_i;
    raw_take_3_q  <= (valid_i & raw_i) ? raw_width_i : 4'd0;
    raw_3_q       <= raw_i;
    coded_3_q     <= valid_i & ~raw_i;
  end

  // Stage 3. Both words are taken apart while it is found out which one counts, since memories are
  // slow. Their sums are written bit by bit: of two adders before a choice synthesis would make one
  // behind it.
  logic        longer, carry;
  logic [3:0]  length, extra_width;
  logic [4:0]  token;
  logic [17:0] entries;  // the short word, the long one
  logic [7:0]  extras;
  logic [9:0]  takes;
  assign longer  = short_entry[8:5] == 4'd0;
  assign entries = {long_entry, short_entry};
  always_comb begin
    for (int i = 0; i < 2; i = i + 1) begin
      extras[4*i +: 4] = (entries[9*i+3 +: 2] == 2'd0) ? 4'd0 : entries[9*i+1 +: 4] - 4'd2;
      carry = 1'b0;
      for (int k = 0; k < 4; k = k + 1) begin
        takes[5*i+k] = entries[9*i+5+k] ^ extras[4*i+k] ^ carry;
        carry = (entries[9*i+5+k] & extras[4*i+k]) | (carry & (entries[9*i+5+k] | extras[4*i+k]));
      end
      takes[5*i+4] = carry;
    end
  end
  assign {length, token} = longer ? long_entry : short_entry;
  assign extra_width     = raw_3_q ? raw_width_3_q : longer ? extras[7:4] : extras[3:0];
  assign take_o          = ~coded_3_q ? 5'(raw_take_3_q) : longer ? takes[9:5] : takes[4:0];

  // Stage 4.
  logic [24:0] bits_4_q, rest;
  logic [3:0]  length_4_q;
  always_ff @(posedge clk_i) begin
    direct_o      <= (token[4:3] == 2'd0) & ~raw_3_q;
    token_o       <= token[2:0];
    extra_width_o <= extra_width;
    bits_4_q      <= bits_3_q;
    length_4_q    <= raw_3_q ? 4'd0 : length;
  end
  assign rest    = bits_4_q >> length_4_q;
  assign extra_o = rest[14:0];
  logic unused_rest;
  assign unused_rest = ^rest[24:15];

endmodule

`default_nettype wire
