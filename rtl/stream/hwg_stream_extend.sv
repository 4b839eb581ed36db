// SPDX-License-Identifier: Apache-2.0
/// Extends the elements of every word of a stream to more bits: the same numbers in a wider format.
///
/// Function:   element i of Lanes leaves with OutWidth bits, its sign (Signed) or zeros above its own
/// Timing:     latency 0, interval 1; wires alone, ready and valid are those of the other sides
/// Parameters: Lanes, InWidth >= 1; OutWidth >= InWidth; Signed 0 or 1
/// Notes:      An unsigned element that joins signed ones takes a bit more, which is zero.
`default_nettype none

module hwg_stream_extend #(
  parameter int Lanes    = 1,  // elements of a word
  parameter int InWidth  = 4,  // bits of an element that comes
  parameter int OutWidth = 5,  // bits of an element that leaves
  parameter int Signed   = 0   // whether elements that come are two's complement
) (
  input  wire logic                      clk_i,
  input  wire logic                      rst_ni,
  // in
  input  wire logic                      in_valid_i,
  output logic                           in_ready_o,
  input  wire logic [Lanes*InWidth-1:0]  in_data_i,
  // out
  output logic                           out_valid_o,
  input  wire logic                      out_ready_i,
  output logic      [Lanes*OutWidth-1:0] out_data_o
);

  if (Lanes < 1) begin : gen_check_lanes
    initial $fatal(1, "hwg_stream_extend: Lanes must be >= 1");
  end
  if (InWidth < 1) begin : gen_check_in_width
    initial $fatal(1, "hwg_stream_extend: InWidth must be >= 1");
  end
  if (OutWidth < 1 || OutWidth < InWidth) begin : gen_check_out_width
    initial $fatal(1, "hwg_stream_extend: OutWidth must be >= InWidth");
  end
  if (Signed < 0 || Signed > 1) begin : gen_check_signed
    initial $fatal(1, "hwg_stream_extend: Signed must be 0 or 1");
  end

  localparam int MORE = OutWidth - InWidth;

  logic unused_clocked;
  assign unused_clocked = clk_i ^ rst_ni;
  assign out_valid_o    = in_valid_i;
  assign in_ready_o     = out_ready_i;

  for (genvar i = 0; i < Lanes; i++) begin : gen_lane
    assign out_data_o[i*OutWidth +: InWidth] = in_data_i[i*InWidth +: InWidth];
    if (MORE > 0 && Signed == 1) begin : gen_sign
      assign out_data_o[i*OutWidth+InWidth +: MORE] = {MORE{in_data_i[i*InWidth+InWidth-1]}};
    end else if (MORE > 0) begin : gen_zeros
      assign out_data_o[i*OutWidth+InWidth +: MORE] = '0;
    end
  end

endmodule

`default_nettype wire
