// SPDX-License-Identifier: Apache-2.0
/// The payloads of two blocks, and a view of 25 bits at any bit position.
///
/// Function:   bits_o = the 25 bits from bit position pos_i of bank bank_i on, lowest bit first
/// Timing:     latency 2, interval 1
/// Parameters: Words a power of two >= 2
/// Notes:      Two memories of 32 bits, of which a position needs a word each: so that there is no
///             bit buffer to refill, and a position may jump. Behind a bank's end its start comes
///             again. Reading a bank while it is written gives bits of no meaning.
`default_nettype none

module hwg_codec_window #(
  parameter int Words = 512,  // 64-bit words of a bank
  localparam int AddrWidth = $clog2(Words),
  localparam int PosWidth  = AddrWidth + 6
) (
  input  wire logic                 clk_i,
  // write
  input  wire logic                 write_i,
  input  wire logic                 write_bank_i,
  input  wire logic [AddrWidth-1:0] write_addr_i,
  input  wire logic [63:0]          write_data_i,
  // read
  input  wire logic                 bank_i,
  input  wire logic [PosWidth-1:0]  pos_i,
  output logic      [24:0]          bits_o
);

  if (Words < 2 || (Words & (Words - 1)) != 0) begin : gen_check_words
    initial $fatal(1, "hwg_codec_window: Words must be a power of two >= 2");
  end

  logic [31:0] even_q [0:2*Words-1];  // low halves
  logic [31:0] odd_q  [0:2*Words-1];
  logic [31:0] even_word_q, odd_word_q;
  logic [5:0]  shift_q;

  // From an odd half on, the next even one lies a word further.
  logic [AddrWidth-1:0] odd_addr, even_addr;
  assign odd_addr  = pos_i[PosWidth-1:6];
  assign even_addr = odd_addr + AddrWidth'(pos_i[5]);

  always_ff @(posedge clk_i) begin
    if (write_i) even_q[{write_bank_i, write_addr_i}] <= write_data_i[31:0];
  end
  always_ff @(posedge clk_i) begin
    if (write_i) odd_q[{write_bank_i, write_addr_i}] <= write_data_i[63:32];
  end
  always_ff @(posedge clk_i) even_word_q <= even_q[{bank_i, even_addr}];
  always_ff @(posedge clk_i) odd_word_q <= odd_q[{bank_i, odd_addr}];
  always_ff @(posedge clk_i) shift_q <= pos_i[5:0];

  // Rotate in three steps of four ways each: by 16, 4, and, behind a register, 1.
  logic [63:0] ring;
  logic [39:0] by16;
  logic [27:0] by4, by4_q;
  logic [1:0]  shift_late_q;
  assign ring = {odd_word_q, even_word_q};

  always_comb begin
    for (int i = 0; i < 40; i = i + 1) begin
      case (shift_q[5:4])
        2'd0:    by16[i] = ring[i];
        2'd1:    by16[i] = ring[(i+16) % 64];
        2'd2:    by16[i] = ring[(i+32) % 64];
        default: by16[i] = ring[(i+48) % 64];
      endcase
    end
    for (int i = 0; i < 28; i = i + 1) begin
      case (shift_q[3:2])
        2'd0:    by4[i] = by16[i];
        2'd1:    by4[i] = by16[i+4];
        2'd2:    by4[i] = by16[i+8];
        default: by4[i] = by16[i+12];
      endcase
    end
  end
  always_ff @(posedge clk_i) begin
    by4_q        <= by4;
    shift_late_q <= shift_q[1:0];
  end
  always_comb begin
    for (int i = 0; i < 25; i = i + 1) begin
      case (shift_late_q)
        2'd0:    bits_o[i] = by4_q[i];
        2'd1:    bits_o[i] = by4_q[i+1];
        2'd2:    bits_o[i] = by4_q[i+2];
        default: bits_o[i] = by4_q[i+3];
      endcase
    end
  end

endmodule

`default_nettype wire
