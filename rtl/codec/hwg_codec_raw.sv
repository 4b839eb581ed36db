// SPDX-License-Identifier: Apache-2.0
/// Strings values of a fixed width together into words of 16 bits.
///
/// Function:   the values of a block one behind the other, bits_i bits each, lowest bit first; zeros
///             fill the last word. Equal to a raw payload of hwgen.codec.block.encode_block.
/// Timing:     a word 1 cycle behind the value that completes it, a block's last one up to 2; interval 1
/// Parameters: Bits 15: of a value as it comes
/// Notes:      Higher bits of a value are 0. A block's last word may be written in the cycle of the
///             next block's first value, which cannot complete a word itself.
`default_nettype none

module hwg_codec_raw #(
  parameter int Bits = 15  // of the widest values
) (
  input  wire logic            clk_i,
  input  wire logic            rst_ni,
  input  wire logic [3:0]      bits_i,
  // values
  input  wire logic            in_valid_i,
  input  wire logic [Bits-1:0] in_value_i,
  input  wire logic            in_last_i,
  // words
  output logic                 write_o,
  output logic      [11:0]     place_o,  // number of the word in the block
  output logic      [15:0]     word_o,
  output logic                 last_o    // with the last word
);

  if (Bits < 15 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_codec_raw: Bits must be 15");
  end

  logic [14:0] kept, kept_d, kept_q;  // bits that wait
  logic [3:0]  held, held_d, held_q;
  logic [4:0]  sum;
  logic [29:0] joined;
  logic        rest_d, rest_q;        // they are a block's last ones
  logic        full;
  logic [11:0] place_q;
  assign kept   = rest_q ? '0 : kept_q;
  assign held   = rest_q ? '0 : held_q;
  assign sum    = 5'(held) + 5'(bits_i);
  assign joined = 30'(kept) | (30'(in_value_i) << held);
  assign full   = in_valid_i & sum[4];

  always_comb begin
    kept_d = kept;
    held_d = held;
    rest_d = 1'b0;
    if (in_valid_i) begin
      kept_d = sum[4] ? 15'(joined[29:16]) : joined[14:0];
      held_d = sum[3:0];
      rest_d = in_last_i & (sum[3:0] != '0);
      if (in_last_i && !rest_d) kept_d = '0;
    end
  end

  always_ff @(posedge clk_i) begin
    word_o  <= rest_q ? 16'(kept_q) : joined[15:0];
    last_o  <= rest_q | (in_last_i & ~rest_d);
    place_o <= place_q;
    if (!rst_ni) begin
      kept_q  <= '0;
      held_q  <= '0;
      rest_q  <= 1'b0;
      write_o <= 1'b0;
      place_q <= '0;
    end else begin
      kept_q  <= kept_d;
      held_q  <= held_d;
      rest_q  <= rest_d;
      write_o <= full | rest_q;
      if (rest_q || (full && in_last_i && !rest_d)) place_q <= '0;
      else if (full)                                place_q <= place_q + 12'd1;
    end
  end

endmodule

`default_nettype wire
