// SPDX-License-Identifier: Apache-2.0
/// Puts single values together to words of several; the counterpart of hwg_codec_gather.
///
/// Function:   the values in their order, Lanes to a word, the first one lowest; behind a value with
///             in_last_i a new word begins. What a shorter word holds above its values means nothing.
/// Timing:     a value a cycle; a word comes 1 cycle behind its last value
/// Parameters: Lanes, Bits >= 1
`default_nettype none

module hwg_codec_bundle #(
  parameter int Lanes = 4,   // values of a word
  parameter int Bits  = 14   // of a value
) (
  input  wire logic                  clk_i,
  input  wire logic                  rst_ni,
  // values
  input  wire logic                  in_valid_i,
  output logic                       in_ready_o,
  input  wire logic [Bits-1:0]       in_value_i,
  input  wire logic                  in_last_i,
  // words
  output logic                       out_valid_o,
  input  wire logic                  out_ready_i,
  output logic      [Lanes*Bits-1:0] out_data_o
);

  if (Lanes < 1) begin : gen_check_lanes
    initial $fatal(1, "hwg_codec_bundle: Lanes must be >= 1");
  end
  if (Bits < 1) begin : gen_check_bits
    initial $fatal(1, "hwg_codec_bundle: Bits must be >= 1");
  end

  logic [Lanes-1:0] place_q;  // of the next value, a bit each
  logic             push, ends;
  assign in_ready_o = ~out_valid_o | out_ready_i;
  assign push       = in_valid_i & in_ready_o;
  assign ends       = in_last_i | place_q[Lanes-1];
  always_ff @(posedge clk_i) begin
    for (int i = 0; i < Lanes; i = i + 1) begin
      if (push && place_q[i]) out_data_o[i*Bits +: Bits] <= in_value_i;
    end
    if (!rst_ni) begin
      place_q     <= Lanes'(1);
      out_valid_o <= 1'b0;
    end else begin
      if (push) place_q <= ends ? Lanes'(1) : place_q << 1;
      out_valid_o <= (push & ends) | (out_valid_o & ~out_ready_i);
    end
  end

endmodule

`default_nettype wire
