// SPDX-License-Identifier: Apache-2.0
/// Takes words apart: N words of one cycle become N serial signals, least significant digit first.
///
/// Function:   digit t of data_o is bits t*Digit and above of the word that was loaded; behind its
///             last bit the word goes on with its sign, or with zeros where Signed is 0
/// Timing:     latency 1: the first digit is there in the cycle after load_i, the next ones follow
/// Parameters: N, Width and Digit >= 1; Signed 0 or 1
/// Notes:      A shift register a word. load_i may stay high while no word is on its way: what is
///             loaded without a sample means nothing to anyone, and a load that does not look at
///             valid leaves the table of a bit three inputs, of which two share one LUT.
`default_nettype none

module hwg_serial_unpack #(
  parameter int N      = 1,  // words
  parameter int Width  = 8,  // bits of a word
  parameter int Signed = 1,  // 1: two's complement
  parameter int Digit  = 1   // bits a cycle
) (
  input  wire logic               clk_i,
  input  wire logic               load_i,
  input  wire logic [N*Width-1:0] data_i,
  output logic      [N*Digit-1:0] data_o
);

  if (N < 1 || Width < 1 || Digit < 1) begin : gen_check_size
    initial $fatal(1, "hwg_serial_unpack: N, Width and Digit must be >= 1");
  end
  if (Signed < 0 || Signed > 1) begin : gen_check_signed
    initial $fatal(1, "hwg_serial_unpack: Signed must be 0 or 1");
  end

  for (genvar i = 0; i < N; i++) begin : gen_word
    logic [Width-1:0] word_q;
    logic             fill;
    logic [Width+Digit-1:0] longer;
    if (Signed != 0) begin : gen_sign
      assign fill = word_q[Width-1];
    end else begin : gen_zero
      assign fill = 1'b0;
    end
    assign longer = {{Digit{fill}}, word_q};
    always_ff @(posedge clk_i) word_q <= load_i ? data_i[i*Width +: Width] : longer[Digit +: Width];
    assign data_o[i*Digit +: Digit] = longer[0 +: Digit];
  end

endmodule

`default_nettype wire
