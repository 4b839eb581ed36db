// SPDX-License-Identifier: Apache-2.0
/// Takes the words of an output of a stream core and judges every one, for ever.
///
/// Function:   pass_o rises when all Words words of a round have come, equal to those in memory and
///             in time, and stays; fail_o rises, and pass_o falls, with the first word that differs,
///             or when a round is not over in time. In every other round, beginning with the second,
///             it is not ready in half of the cycles, at random.
/// Timing:     a round may take Cycles cycles, one with pauses eight times as many; the verdict on a
///             word follows 3 cycles behind it
/// Parameters: Words >= 1, Width >= 1, Cycles >= 1, Seed >= 1 (of the pauses)
/// Notes:      The memory answers in the cycle after the address, as block RAM does. The comparison
///             is pipelined in steps of 16 bits, so that it does not set the clock. Pauses are those
///             of hwg_bist_source.
`default_nettype none

module hwg_bist_sink #(
  parameter int Words     = 4,   // in memory
  parameter int Width     = 8,   // bits of a word
  parameter int Cycles    = 64,  // of a round without pauses, at most
  parameter int Seed      = 1,   // of the pauses
  localparam int ADDRESS  = (Words > 1) ? $clog2(Words) : 1
) (
  input  wire logic               clk_i,
  input  wire logic               rst_ni,
  // core
  input  wire logic               in_valid_i,
  output logic                    in_ready_o,
  input  wire logic [Width-1:0]   in_data_i,
  // memory of expected words
  output logic      [ADDRESS-1:0] word_addr_o,
  input  wire logic [Width-1:0]   word_data_i,
  // verdict
  output logic                    pass_o,
  output logic                    fail_o
);

  if (Words < 1) begin : gen_check_words
    initial $fatal(1, "hwg_bist_sink: Words must be >= 1");
  end
  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_bist_sink: Width must be >= 1");
  end
  if (Cycles < 1 || Cycles > 2 ** 27) begin : gen_check_cycles
    initial $fatal(1, "hwg_bist_sink: Cycles must be 1 to 2^27");
  end
  if (Seed < 1) begin : gen_check_seed
    initial $fatal(1, "hwg_bist_sink: Seed must be >= 1");
  end

  localparam int TIME_WIDTH = $clog2(8 * Cycles + 1);
  localparam logic [ADDRESS-1:0]    LAST  = ADDRESS'(Words - 1);
  localparam logic [TIME_WIDTH-1:0] QUICK = TIME_WIDTH'(Cycles);
  localparam logic [TIME_WIDTH-1:0] SLOW  = TIME_WIDTH'(8 * Cycles);
  localparam logic [15:0]           START = (16'(Seed) == '0) ? 16'd1 : 16'(Seed);

  logic [ADDRESS-1:0]    addr_d, addr_q;
  logic [TIME_WIDTH-1:0] time_d, time_q;  // cycles of this round
  logic                  slow_d, slow_q, late_q;
  logic [15:0]           random_q;
  logic                  taken, last;

  assign in_ready_o  = ~(slow_q & random_q[0]);
  assign taken       = in_valid_i & in_ready_o;
  assign last        = addr_q == LAST;
  assign word_addr_o = addr_q;
  always_comb begin
    addr_d = addr_q;
    slow_d = slow_q;
    time_d = time_q + TIME_WIDTH'(1);
    if (taken) addr_d = last ? '0 : addr_q + ADDRESS'(1);
    if (taken && last) begin
      slow_d = ~slow_q;
      time_d = '0;
    end
  end

  // Comparison: difference, any bit in 16, any of those.
  localparam int GROUPS = (Width + 15) / 16;
  logic [Width-1:0]  word_q, differs_q;
  logic [GROUPS-1:0] group;
  for (genvar i = 0; i < GROUPS; i++) begin : gen_group
    localparam int HIGH = (16 * i + 15 < Width) ? 16 * i + 15 : Width - 1;
    assign group[i] = |differs_q[HIGH:16*i];
  end
  always_ff @(posedge clk_i) begin
    word_q    <= in_data_i;
    differs_q <= word_q ^ word_data_i;
  end

  // What is known of a word travels beside its comparison.
  logic [1:0] taken_q, last_q;
  logic       wrong, pass_d, pass_q, fail_d, fail_q;
  assign wrong  = (taken_q[1] & (|group)) | late_q;
  assign fail_d = fail_q | wrong;
  assign pass_d = (pass_q | (taken_q[1] & last_q[1])) & ~fail_d;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      addr_q   <= '0;
      time_q   <= '0;
      slow_q   <= 1'b0;
      late_q   <= 1'b0;
      random_q <= START;
      taken_q  <= '0;
      last_q   <= '0;
      pass_q   <= 1'b0;
      fail_q   <= 1'b0;
    end else begin
      addr_q   <= addr_d;
      time_q   <= time_d;
      slow_q   <= slow_d;
      late_q   <= time_q == (slow_q ? SLOW : QUICK);
      random_q <= {random_q[14:0], random_q[15] ^ random_q[13] ^ random_q[12] ^ random_q[10]};
      taken_q  <= {taken_q[0], taken};
      last_q   <= {last_q[0], last};
      pass_q   <= pass_d;
      fail_q   <= fail_d;
    end
  end

  assign pass_o = pass_q;
  assign fail_o = fail_q;

endmodule

`default_nettype wire
