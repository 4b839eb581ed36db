// SPDX-License-Identifier: Apache-2.0
/// Runs a core on samples from a memory at full rate, for ever, and judges every result.
///
/// Function:   pass_o rises when every sample has come back once and equal to what was expected, and
///             stays; fail_o rises, and pass_o falls, with the first result that differs, comes at
///             another cycle than Latency says, or does not come
/// Timing:     a sample a cycle after reset; the verdict on a result follows 4 cycles behind it
/// Parameters: Samples >= 1, Width >= 1, Latency >= 1
/// Notes:      Both memories answer in the cycle after the address, as block RAM does. The comparison
///             is pipelined in steps of 16 bits, so that it does not set the clock.
`default_nettype none

module hwg_bist #(
  parameter int Samples   = 4,  // words of both memories
  parameter int Width     = 8,  // bits of a result
  parameter int Latency   = 1,  // of the core
  localparam int ADDRESS  = (Samples > 1) ? $clog2(Samples) : 1
) (
  input  wire logic                clk_i,
  input  wire logic                rst_ni,
  // memory of samples, core
  output logic      [ADDRESS-1:0]  sample_addr_o,
  output logic                     sample_valid_o,  // the word is there, for the core
  input  wire logic                result_valid_i,
  input  wire logic [Width-1:0]    result_data_i,
  // memory of expected results
  output logic      [ADDRESS-1:0]  expected_addr_o,
  input  wire logic [Width-1:0]    expected_data_i,
  // verdict
  output logic                     pass_o,
  output logic                     fail_o
);

  if (Samples < 1) begin : gen_check_samples
    initial $fatal(1, "hwg_bist: Samples must be >= 1");
  end
  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_bist: Width must be >= 1");
  end
  if (Latency < 1) begin : gen_check_latency
    initial $fatal(1, "hwg_bist: Latency must be >= 1");
  end

  localparam logic [ADDRESS-1:0] LAST = ADDRESS'(Samples - 1);

  // Samples: the address runs, its word is there a cycle later.
  logic [ADDRESS-1:0] sample_d, sample_q, expected_d, expected_q;
  logic               valid_q;
  assign sample_d       = (sample_q == LAST) ? '0 : sample_q + ADDRESS'(1);
  assign sample_addr_o  = sample_q;
  assign sample_valid_o = valid_q;

  // Results: the one that is due now reads its expected word.
  logic due;
  hwg_valid #(.Cycles(Latency))
    u_due (.clk_i(clk_i), .rst_ni(rst_ni), .valid_i(valid_q), .valid_o(due));
  assign expected_addr_o = expected_q;
  always_comb begin
    expected_d = expected_q;
    if (due) expected_d = (expected_q == LAST) ? '0 : expected_q + ADDRESS'(1);
  end

  // Comparison: difference, any bit in 16, any of those.
  localparam int GROUPS = (Width + 15) / 16;
  logic [Width-1:0]  result_q, differs_q;
  logic [GROUPS-1:0] group_d, group_q;
  for (genvar i = 0; i < GROUPS; i++) begin : gen_group
    localparam int HIGH = (16 * i + 15 < Width) ? 16 * i + 15 : Width - 1;
    assign group_d[i] = |differs_q[HIGH:16*i];
  end
  always_ff @(posedge clk_i) begin
    result_q  <= result_data_i;
    differs_q <= result_q ^ expected_data_i;
    group_q   <= group_d;
  end

  // What is known of a result travels beside its comparison.
  logic [2:0] due_q, last_q, stray_q;
  logic       wrong, pass_d, pass_q, fail_d, fail_q;
  assign wrong  = (due_q[2] & (|group_q)) | stray_q[2];
  assign fail_d = fail_q | wrong;
  assign pass_d = (pass_q | (due_q[2] & last_q[2])) & ~fail_d;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q    <= 1'b0;
      sample_q   <= '0;
      expected_q <= '0;
      due_q      <= '0;
      last_q     <= '0;
      stray_q    <= '0;
      pass_q     <= 1'b0;
      fail_q     <= 1'b0;
    end else begin
      valid_q    <= 1'b1;
      sample_q   <= sample_d;
      expected_q <= expected_d;
      due_q      <= {due_q[1:0], due};
      last_q     <= {last_q[1:0], expected_q == LAST};
      stray_q    <= {stray_q[1:0], result_valid_i != due};
      pass_q     <= pass_d;
      fail_q     <= fail_d;
    end
  end

  assign pass_o = pass_q;
  assign fail_o = fail_q;

endmodule

`default_nettype wire
