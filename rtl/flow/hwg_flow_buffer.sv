// SPDX-License-Identifier: Apache-2.0
/// Puts a ready/valid rim round a flow core, which cannot stall.
///
/// Function:   a sample is launched only when a place for its result is reserved; results wait in a
///             FIFO until they are taken
/// Timing:     adds 1 cycle behind the core; with a core latency of L, full rate needs Depth >= L + 2
/// Parameters: Width >= 1, Depth >= 1, Interval >= 1: cycles from one launch to the next, at least;
///             RamStyle of the FIFO, as hwg_fifo has it
/// Notes:      A credit is spent at launch and comes back when the result is taken, so that core and
///             FIFO together never hold more than Depth samples. The operand bypasses this unit.
///             The handshake rules are in docs/links.md.
`default_nettype none

module hwg_flow_buffer #(
  parameter int Width    = 8,  // bits of a result
  parameter int Depth    = 4,  // samples in core and FIFO together
  parameter int Interval = 1,  // cycles between two samples of the core
  parameter int RamStyle = 3
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,
  // in: a sample waits
  input  wire logic             in_valid_i,
  output logic                  in_ready_o,
  // flow core
  output logic                  launch_valid_o,
  input  wire logic             result_valid_i,
  input  wire logic [Width-1:0] result_data_i,
  // out
  output logic                  out_valid_o,
  input  wire logic             out_ready_i,
  output logic      [Width-1:0] out_data_o
);

  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_flow_buffer: Width must be >= 1");
  end
  if (Depth < 1) begin : gen_check_depth
    initial $fatal(1, "hwg_flow_buffer: Depth must be >= 1");
  end

  if (Interval < 1) begin : gen_check_interval
    initial $fatal(1, "hwg_flow_buffer: Interval must be >= 1");
  end
  if (RamStyle < 0 || RamStyle > 3) begin : gen_check_ram_style
    initial $fatal(1, "hwg_flow_buffer: RamStyle must be 0 to 3");
  end

  // The core takes the next sample when it is free again.
  logic free;
  if (Interval == 1) begin : gen_always
    assign free = 1'b1;
  end else begin : gen_wait
    localparam int WAIT_WIDTH = $clog2(Interval);
    logic [WAIT_WIDTH-1:0] wait_q;
    assign free = (wait_q == '0);
    always_ff @(posedge clk_i) begin
      if (!rst_ni)             wait_q <= '0;
      else if (launch_valid_o) wait_q <= WAIT_WIDTH'(Interval - 1);
      else if (!free)          wait_q <= wait_q - WAIT_WIDTH'(1);
    end
  end

  localparam int CREDIT_WIDTH = $clog2(Depth + 1);

  logic [CREDIT_WIDTH-1:0] credit_d, credit_q;  // free places
  logic                    pop;

  assign in_ready_o     = (credit_q != '0) & free;
  assign launch_valid_o = in_valid_i & in_ready_o;
  assign pop            = out_valid_o & out_ready_i;

  always_comb begin
    credit_d = credit_q;
    if (launch_valid_o && !pop)      credit_d = credit_q - CREDIT_WIDTH'(1);
    else if (pop && !launch_valid_o) credit_d = credit_q + CREDIT_WIDTH'(1);
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) credit_q <= CREDIT_WIDTH'(Depth);
    else         credit_q <= credit_d;
  end

  logic result_ready;
  hwg_fifo #(
    .Width   (Width),
    .Depth   (Depth),
    .RamStyle(RamStyle)
  ) u_fifo (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (result_valid_i),
    .in_ready_o (result_ready),
    .in_data_i  (result_data_i),
    .out_valid_o(out_valid_o),
    .out_ready_i(out_ready_i),
    .out_data_o (out_data_o)
  );

`ifdef HWG_ASSERT
  always @(posedge clk_i) begin
    if (rst_ni && result_valid_i) assert (result_ready);
  end
`else
  logic unused_ready;  // room is reserved before a sample is launched
  assign unused_ready = result_ready;
`endif

endmodule

`default_nettype wire
