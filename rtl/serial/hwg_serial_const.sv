// SPDX-License-Identifier: Apache-2.0
/// A constant as a serial signal.
///
/// Function:   digit t of data_o is bits t*Digit and above of Value
/// Timing:     digit_i counts the digits a cycle ahead: data_o is registered
/// Parameters: Digit and Digits >= 1
/// Notes:      A table of the number of the digit.
`default_nettype none

module hwg_serial_const #(
  parameter int                      Digit  = 1,  // bits a cycle
  parameter int                      Digits = 8,  // digits of a word
  parameter int                      Count  = 3,  // bits of the number of a digit
  parameter logic [Digit*Digits-1:0] Value  = '0  // the constant, modulo 2**(Digit*Digits)
) (
  input  wire logic             clk_i,
  input  wire logic [Count-1:0] digit_i,
  output logic      [Digit-1:0] data_o
);

  if (Digit < 1 || Digits < 1) begin : gen_check_digit
    initial $fatal(1, "hwg_serial_const: Digit and Digits must be >= 1");
  end
  if (Count < 1) begin : gen_check_count
    initial $fatal(1, "hwg_serial_const: Count must be >= 1");
  end
  if (2**Count < Digits) begin : gen_check_reach
    initial $fatal(1, "hwg_serial_const: Count must number every digit");
  end

  localparam int ALL = 2**Count;
  localparam logic [Digit*ALL-1:0] TABLE = (Digit*ALL)'(Value);
  for (genvar b = 0; b < Digit; b++) begin : gen_lane
    logic [ALL-1:0] column;
    for (genvar t = 0; t < ALL; t++) begin : gen_digit
      assign column[t] = TABLE[t*Digit + b];
    end
    always_ff @(posedge clk_i) data_o[b] <= column[digit_i];
  end

endmodule

`default_nettype wire
