// SPDX-License-Identifier: Apache-2.0
/// Counts the digits of a word.
///
/// Function:   digit_o is 0 while first_i is high, then one more every cycle
/// Timing:     combinational from first_i
/// Parameters: Count >= 1
/// Notes:      Behind the last digit of a word it counts on; nobody reads it then. No reset. It is
///             written in gates: synthesis would give a short + a carry chain of its own.
`default_nettype none

module hwg_serial_count #(
  parameter int Count = 3  // bits of the number
) (
  input  wire logic             clk_i,
  input  wire logic             first_i,
  output logic      [Count-1:0] digit_o
);

  if (Count < 1) begin : gen_check_count
    initial $fatal(1, "hwg_serial_count: Count must be >= 1");
  end

  logic [Count-1:0] next_d, next_q;
  assign digit_o   = first_i ? '0 : next_q;
  assign next_d[0] = ~digit_o[0];
  for (genvar i = 1; i < Count; i++) begin : gen_bit
    assign next_d[i] = digit_o[i] ^ (&digit_o[i-1:0]);
  end
  always_ff @(posedge clk_i) next_q <= next_d;

endmodule

`default_nettype wire
