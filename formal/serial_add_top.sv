// SPDX-License-Identifier: Apache-2.0
// hwg_serial_add with every operand gated or none, subtracted or not, with every start and fill.

module serial_add_top #(
  parameter int Digit = 1
) (
  input wire logic             clk_i,
  input wire logic             ahead_i,
  input wire logic             first_i,
  input wire logic [Digit-1:0] gate_i,
  input wire logic [Digit-1:0] a_i,
  input wire logic [Digit-1:0] b_i
);

  for (genvar gate = 0; gate < 3; gate++) begin : gen_gate
    for (genvar sub = 0; sub < 2; sub++) begin : gen_sub
      for (genvar start = 0; start < 2; start++) begin : gen_start
        for (genvar fill = 0; fill < ((gate == 0) ? 1 : 2); fill++) begin : gen_fill
          localparam logic [Digit-1:0] FILL = {Digit{fill != 0}};  // a lane looks at its own bit
          wire [Digit-1:0] sum;
          hwg_serial_add #(.Digit(Digit), .Sub(sub), .Gate(gate), .Fill(FILL), .Start(start)) u_add (
            .clk_i(clk_i), .ahead_i(ahead_i), .first_i(first_i), .gate_i(gate_i), .a_i(a_i), .b_i(b_i),
            .sum_o(sum)
          );
        end
      end
    end
  end

endmodule
