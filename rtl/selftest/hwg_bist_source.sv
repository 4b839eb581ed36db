// SPDX-License-Identifier: Apache-2.0
/// Gives the words of a memory to an input of a stream core, round after round, for ever.
///
/// Function:   the Words words of the memory leave in order, then the first one again. In every other
///             round, beginning with the second, it pauses in half of the cycles, at random, so that
///             a core meets a source that is late.
/// Timing:     a word a cycle in the rounds without pauses, the first one 3 cycles behind reset
/// Parameters: Words >= 1, Width >= 1, Seed >= 1 (of the pauses)
/// Notes:      The memory answers in the cycle after the address, as block RAM does. A skid register
///             stands between the address and the ready of the core. Pauses come from a shift
///             register with the polynomial x^16 + x^14 + x^13 + x^11 + 1.
`default_nettype none

module hwg_bist_source #(
  parameter int Words     = 4,  // in memory
  parameter int Width     = 8,  // bits of a word
  parameter int Seed      = 1,  // of the pauses
  localparam int ADDRESS  = (Words > 1) ? $clog2(Words) : 1
) (
  input  wire logic               clk_i,
  input  wire logic               rst_ni,
  // memory
  output logic      [ADDRESS-1:0] word_addr_o,
  input  wire logic [Width-1:0]   word_data_i,
  // core
  output logic                    out_valid_o,
  input  wire logic               out_ready_i,
  output logic      [Width-1:0]   out_data_o
);

  if (Words < 1) begin : gen_check_words
    initial $fatal(1, "hwg_bist_source: Words must be >= 1");
  end
  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_bist_source: Width must be >= 1");
  end
  if (Seed < 1) begin : gen_check_seed
    initial $fatal(1, "hwg_bist_source: Seed must be >= 1");
  end

  localparam logic [ADDRESS-1:0] LAST = ADDRESS'(Words - 1);
  localparam logic [15:0]        START = (16'(Seed) == '0) ? 16'd1 : 16'(Seed);

  logic [ADDRESS-1:0] addr_d, addr_q;
  logic               there_q;  // the word of addr_q is on word_data_i
  logic               slow_d, slow_q;
  logic [15:0]        random_q;
  logic               ready, taken, last;

  // A word that is not taken is read again, so that it stays.
  assign last        = addr_q == LAST;
  assign taken       = there_q & ready & ~(slow_q & random_q[0]);
  assign word_addr_o = addr_d;
  always_comb begin
    addr_d = addr_q;
    slow_d = slow_q;
    if (taken) begin
      addr_d = last ? '0 : addr_q + ADDRESS'(1);
      slow_d = slow_q ^ last;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      there_q  <= 1'b0;
      addr_q   <= '0;
      slow_q   <= 1'b0;
      random_q <= START;
    end else begin
      there_q  <= 1'b1;
      addr_q   <= addr_d;
      slow_q   <= slow_d;
      random_q <= {random_q[14:0], random_q[15] ^ random_q[13] ^ random_q[12] ^ random_q[10]};
    end
  end

  hwg_skid #(
    .Width(Width)
  ) u_skid (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (taken),
    .in_ready_o (ready),
    .in_data_i  (word_data_i),
    .out_valid_o(out_valid_o),
    .out_ready_i(out_ready_i),
    .out_data_o (out_data_o)
  );

endmodule

`default_nettype wire
