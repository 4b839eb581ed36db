// SPDX-License-Identifier: Apache-2.0
// Properties of hwg_serial_add, read as a part of it: either body is the sum that the header states.
//
// A gate comes from a shift to the left by 1 or more: of a word it is high from the first digit on, in
// lane 0 for as many digits as in every other lane or for one more.

  logic             f_first_q = 1'b0;  // the first digit is here
  logic             f_live_q  = 1'b0;  // a first digit was announced before
  logic             f_sum_live_q = 1'b0;
  logic [Digit-1:0] f_held_q;          // what the gate was
  logic [Digit-1:0] f_sum_q;
  logic             f_carry_q;         // out of the last digit
  logic [Digit-1:0] f_a, f_b;
  logic             f_start, f_carry;
  assign f_a = (Gate == 1) ? (gate_i & Fill) | (~gate_i & a_i) : a_i;
  assign f_b = ((Gate == 2) ? (gate_i & Fill) | (~gate_i & b_i) : b_i) ^ {Digit{Sub != 0}};
  assign f_start = (Start != 0);
  assign f_carry = f_first_q ? f_start : f_carry_q;
  always_ff @(posedge clk_i) begin
    f_first_q    <= ahead_i;
    f_live_q     <= f_live_q | ahead_i;
    f_sum_live_q <= f_live_q;
    f_held_q     <= gate_i;
    {f_carry_q, f_sum_q} <= {1'b0, f_a} + {1'b0, f_b} + (Digit+1)'(f_carry);
  end
  always_comb begin
    assume (first_i == f_first_q);
    if (f_first_q) assume (gate_i[0]);
    for (int i = 0; i < Digit; i = i + 1) begin
      if (i > 0 && gate_i[i]) assume (gate_i[i-1]);
      if (gate_i[i] && !f_first_q) assume (&f_held_q);
    end
    if (f_sum_live_q) assert (sum_o == f_sum_q);
    if (f_sum_live_q && !f_first_q) assert (carry_q == f_carry_q);
`ifdef HWG_AMD_PRIMITIVES
    if (HELD && f_sum_live_q && !f_first_q && (&f_held_q)) assert (f_carry_q == f_start);
`else
    if (f_live_q && f_first_q) assert (carry_q == f_start);
`endif
    if (f_first_q) assert (f_live_q);
  end
