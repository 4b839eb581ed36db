// SPDX-License-Identifier: Apache-2.0
/// Puts words together: the first Digits digits of N serial signals become N words.
///
/// Function:   data_o holds word i in bits i*Digit*Digits and above
/// Timing:     latency Digits: the words are whole Digits cycles behind the cycle of the first digit,
///             for one cycle
/// Parameters: N, Digit and Digits >= 1
/// Notes:      A shift register a word, without reset or enable.
`default_nettype none

module hwg_serial_pack #(
  parameter int N      = 1,  // words
  parameter int Digit  = 1,  // bits a cycle
  parameter int Digits = 8   // digits of a word
) (
  input  wire logic                      clk_i,
  input  wire logic [N*Digit-1:0]        data_i,
  output logic      [N*Digit*Digits-1:0] data_o
);

  if (N < 1 || Digit < 1 || Digits < 1) begin : gen_check_size
    initial $fatal(1, "hwg_serial_pack: N, Digit and Digits must be >= 1");
  end

  localparam int WORD = Digit * Digits;
  for (genvar i = 0; i < N; i++) begin : gen_word
    logic [WORD+Digit-1:0] longer;
    assign longer = {data_i[i*Digit +: Digit], data_o[i*WORD +: WORD]};
    always_ff @(posedge clk_i) data_o[i*WORD +: WORD] <= longer[Digit +: WORD];
    logic unused_low;
    assign unused_low = ^longer[0 +: Digit];
  end

endmodule

`default_nettype wire
