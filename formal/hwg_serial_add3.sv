// SPDX-License-Identifier: Apache-2.0
// Properties of hwg_serial_add3, read as a part of it: either body is the sum that the header states.

  localparam int F_TOTAL = Digit + 2;
  logic               f_live_q = 1'b0;  // a first digit was announced before
  logic               f_sum_live_q = 1'b0;
  logic [Digit-1:0]   f_sum_q;
  logic [1:0]         f_carry_q;
  logic [Digit-1:0]   f_a, f_b, f_c;
  logic [F_TOTAL-1:0] f_total;
  assign f_a = ((Gate == 1) ? (gate_i & Fill) | (~gate_i & a_i) : a_i) ^ {Digit{Sub[0]}};
  assign f_b = ((Gate == 2) ? (gate_i & Fill) | (~gate_i & b_i) : b_i) ^ {Digit{Sub[1]}};
  assign f_c = ((Gate == 3) ? (gate_i & Fill) | (~gate_i & c_i) : c_i) ^ {Digit{Sub[2]}};
  assign f_total = F_TOTAL'(f_a) + F_TOTAL'(f_b) + F_TOTAL'(f_c) + F_TOTAL'(f_carry_q);
  always_ff @(posedge clk_i) begin
    f_live_q     <= f_live_q | ahead_i;
    f_sum_live_q <= f_live_q;
    f_sum_q      <= f_total[Digit-1:0];
    f_carry_q    <= ahead_i ? 2'(Start) : f_total[F_TOTAL-1:Digit];
  end
  always_comb begin
    if (f_sum_live_q) assert (sum_o == f_sum_q);
`ifdef HWG_AMD_PRIMITIVES
    if (f_live_q) assert (f_carry_q == {1'b0, carry_q} + {1'b0, majority_q});
`else
    if (f_live_q) assert (f_carry_q == carry_q);
`endif
    if (f_live_q) assert (f_carry_q != 2'd3);
  end
