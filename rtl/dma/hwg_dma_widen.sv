// SPDX-License-Identifier: Apache-2.0
/// Gathers 64-bit words into the beats of a bus.
///
/// Function:   words go into beats, first word in the low half. A run of words may begin in the
///             high half (in_high_i with its first word) and end in the low one; the strobes tell
///             which bytes count.
/// Timing:     combinational for a bus of 64 bits; for 128 bits latency 1, two words a beat
/// Parameters: DataWidth 64 or 128
/// Notes:      The handshake rules are in docs/links.md.
`default_nettype none

module hwg_dma_widen #(
  parameter int DataWidth = 64  // bits of a beat
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  // in: words
  input  wire logic                   in_valid_i,
  output logic                        in_ready_o,
  input  wire logic [63:0]            in_data_i,
  input  wire logic                   in_high_i,  // of a run's first word: it goes to the high half
  input  wire logic                   in_last_i,
  // out: beats
  output logic                        out_valid_o,
  input  wire logic                   out_ready_i,
  output logic      [DataWidth-1:0]   out_data_o,
  output logic      [DataWidth/8-1:0] out_strb_o,
  output logic                        out_last_o
);

  if (DataWidth < 64 || DataWidth > 128 || 128 % DataWidth != 0) begin : gen_check_data
    initial $fatal(1, "hwg_dma_widen: DataWidth must be 64 or 128");
  end

  if (DataWidth == 64) begin : gen_narrow
    logic unused;

    assign unused      = ^{clk_i, rst_ni, in_high_i};
    assign out_valid_o = in_valid_i;
    assign in_ready_o  = out_ready_i;
    assign out_data_o  = in_data_i;
    assign out_strb_o  = '1;
    assign out_last_o  = in_last_i;
  end else begin : gen_wide
    logic [63:0] low_q;
    logic        inside_d, inside_q;  // a run is under way
    logic        held_d, held_q;      // the low half waits for the high one
    logic        high, emits, taken;

    assign high        = held_q | (in_high_i & ~inside_q);
    assign emits       = high | in_last_i;
    assign out_valid_o = in_valid_i & emits;
    assign in_ready_o  = ~emits | out_ready_i;
    assign taken       = in_valid_i & in_ready_o;
    assign out_data_o  = high ? {in_data_i, low_q} : {64'd0, in_data_i};
    assign out_strb_o  = {{8{high}}, {8{held_q | ~high}}};
    assign out_last_o  = in_last_i;
    assign inside_d    = taken ? ~in_last_i : inside_q;
    assign held_d      = taken ? ~emits : held_q;

    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        inside_q <= 1'b0;
        held_q   <= 1'b0;
      end else begin
        inside_q <= inside_d;
        held_q   <= held_d;
      end
    end

    always_ff @(posedge clk_i) begin
      if (taken) low_q <= in_data_i;
    end
  end

endmodule

`default_nettype wire
