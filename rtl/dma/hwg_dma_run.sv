// SPDX-License-Identifier: Apache-2.0
/// Run control of an engine: gives a tensor up, tells why, and says when the engine is at rest.
///
/// Function:   a reason to give up puts the engine into reset and flushes its bus master, until the
///             bus is at rest; the reason is told as a fault. So does the reset of the core, without
///             a fault. Other faults, those of the engine and a packet without its end, pass through,
///             one a cycle.
/// Timing:     the engine is in reset from the cycle after the reason on; two cycles behind rst_ni
/// Parameters: none
/// Notes:      Reasons are looked at while something is at work. done_o pulses when a tensor is at its
///             end, whatever became of it, and not after a reset. What outlives rst_ni is the bus
///             master, which has a reset of its own.
`default_nettype none

module hwg_dma_run (
  input  wire logic       clk_i,
  input  wire logic       rst_ni,
  input  wire logic       working_i,     // the description is looked at, or the engine is at work
  input  wire logic       bus_idle_i,    // of the bus master
  // reasons to give up, in the order in which they count
  input  wire logic       lost_i,        // the bus was reset
  input  wire logic       short_i,       // the packet ended too early
  input  wire logic       late_i,        // the source does not go on
  input  wire logic       abort_i,       // software does not want it
  // faults with which it goes on
  input  wire logic       long_i,        // the packet did not end
  input  wire logic       fault_i,
  input  wire logic [3:0] fault_kind_i,
  // to the engine, and to its bus master
  output logic            engine_rst_no,
  output logic            flush_o,
  output logic            stop_o,        // a tensor is given up
  // to software
  output logic            busy_o,
  output logic            done_o,
  output logic            fault_o,
  output logic      [3:0] fault_kind_o
);

  localparam logic [3:0] FAULT_AXI = 4'd7, FAULT_SHORT = 4'd10, FAULT_LONG = 4'd11;
  localparam logic [3:0] FAULT_LATE = 4'd12, FAULT_ABORT = 4'd13;

  logic       stop, stop_q;        // in its first cycle
  logic       giving_d, giving_q;  // up
  logic       tensor_d, tensor_q;  // there is one whose end is to be told
  logic       owed_d, owed_q;      // a packet that did not end is to be told
  logic [3:0] kind_d, kind_q;
  logic       tell_long;

  assign stop     = working_i & ~giving_q & (lost_i | short_i | late_i | abort_i);
  assign giving_d = stop | (giving_q & (stop_q | ~bus_idle_i));
  assign kind_d   = lost_i ? FAULT_AXI : short_i ? FAULT_SHORT : late_i ? FAULT_LATE : FAULT_ABORT;

  assign flush_o       = ~rst_ni | stop_q;
  assign stop_o        = stop_q;

  assign busy_o   = working_i | giving_q | owed_q;
  assign tensor_d = (tensor_q | (working_i & ~giving_q)) & busy_o;
  assign done_o   = tensor_q & ~busy_o;

  assign tell_long    = owed_q & ~fault_i & ~giving_q;
  assign owed_d       = ~stop & ((long_i & ~giving_q) | (owed_q & ~tell_long));
  assign fault_o      = stop_q | (~giving_q & (fault_i | tell_long));
  assign fault_kind_o = stop_q ? kind_q : fault_i ? fault_kind_i : FAULT_LONG;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      stop_q   <= 1'b0;
      giving_q <= 1'b1;
      tensor_q <= 1'b0;
      owed_q   <= 1'b0;
      engine_rst_no <= 1'b0;
    end else begin
      stop_q   <= stop;
      giving_q <= giving_d;
      tensor_q <= tensor_d;
      owed_q   <= owed_d;
      engine_rst_no <= ~giving_d;
    end
  end

  always_ff @(posedge clk_i) if (stop) kind_q <= kind_d;

endmodule

`default_nettype wire
