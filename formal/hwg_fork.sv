// SPDX-License-Identifier: Apache-2.0
// Properties of hwg_fork, read as a part of it: every sink takes every word once.

  logic       f_waits_q;          // a word was offered and not taken
  logic [1:0] f_words_q;          // that have passed, modulo 4
  logic [2*Sinks-1:0] f_taken_q;  // by each sink
  logic [Sinks-1:0] f_held_q;     // a sink was offered a word and did not take it

  initial assume (!rst_ni);
  always @(posedge clk_i) begin
    f_waits_q <= rst_ni & in_valid_i & ~in_ready_o;
    f_held_q  <= {Sinks{rst_ni}} & out_valid_o & ~out_ready_i;
    if (rst_ni && f_waits_q) assume (in_valid_i);
    if (!rst_ni) begin
      f_words_q <= '0;
      f_taken_q <= '0;
    end else begin
      if (in_valid_i && in_ready_o) f_words_q <= f_words_q + 2'd1;
      for (int i = 0; i < Sinks; i = i + 1) begin
        if (out_valid_o[i] && out_ready_i[i]) f_taken_q[2*i +: 2] <= f_taken_q[2*i +: 2] + 2'd1;
      end
    end
    if (rst_ni && !$initstate) begin
      for (int i = 0; i < Sinks; i = i + 1) begin
        // A sink is ahead by the word that waits for others, and never behind.
        assert (f_taken_q[2*i +: 2] == f_words_q + 2'(done_q[i]));
        if (f_held_q[i]) assert (out_valid_o[i]);
        if (done_q[i]) assert (f_waits_q);
      end
      if (!in_valid_i) assert (out_valid_o == '0);
    end
  end
