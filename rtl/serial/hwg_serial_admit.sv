// SPDX-License-Identifier: Apache-2.0
/// Admits samples that keep the interval, and tells when one came too early.
///
/// Function:   valid_o = valid_i, unless the last sample that was admitted is less than Interval
///             cycles old; then the sample is dropped and error_o stays high until reset. free_o is
///             high where a sample would be admitted.
/// Timing:     valid_o combinational, free_o a register, error_o a cycle later
/// Parameters: Interval >= 1
/// Notes:      A sample that is offered during reset is not admitted. The count is written in gates:
///             synthesis would give a short - a carry chain of its own.
`default_nettype none

module hwg_serial_admit #(
  parameter int Interval = 2  // cycles between two samples, at least
) (
  input  wire logic clk_i,
  input  wire logic rst_ni,
  input  wire logic valid_i,
  output logic      valid_o,
  output logic      free_o,
  output logic      error_o
);

  if (Interval < 1) begin : gen_check_interval
    initial $fatal(1, "hwg_serial_admit: Interval must be >= 1");
  end

  if (Interval == 1) begin : gen_always
    logic unused_clk;
    assign unused_clk = clk_i;
    assign valid_o    = valid_i & rst_ni;
    assign free_o     = 1'b1;
    assign error_o    = 1'b0;
  end else begin : gen_count
    localparam int             BITS = $clog2(Interval);
    localparam logic [BITS-1:0] LAST = BITS'(Interval - 1);
    logic [BITS-1:0] wait_q, less;  // cycles until the next sample may come; one less
    assign valid_o = valid_i & free_o & rst_ni;
    assign less[0] = ~wait_q[0];
    for (genvar i = 1; i < BITS; i++) begin : gen_bit
      assign less[i] = wait_q[i] ^ ~(|wait_q[i-1:0]);
    end

    always_ff @(posedge clk_i) begin
      if (free_o) wait_q <= LAST;
      else        wait_q <= less;
      if (!rst_ni) begin
        free_o  <= 1'b1;
        error_o <= 1'b0;
      end else begin
        free_o <= free_o ? ~valid_i : (wait_q == BITS'(1));
        if (valid_i && !free_o) error_o <= 1'b1;
      end
    end
  end

endmodule

`default_nettype wire
