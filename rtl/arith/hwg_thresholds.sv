// SPDX-License-Identifier: Apache-2.0
/// Replaces a number by the constant of the interval it falls into.
///
/// Function:   n = count of thresholds T_i <= data_i; data_o = V_n
///             equal to hwgen.logic.nodes.Thresh
/// Timing:     combinational
/// Parameters: InWidth, OutWidth, N >= 1; T ascending and within the input word.
///             Thresholds holds T_0 in its lowest InWidth bits, Values holds V_0 in its lowest
///             OutWidth bits; there is one value more than thresholds.
/// Notes:      `reached` is a thermometer code: an output bit is V_0's bit, inverted once for every
///             threshold reached at which the bit changes. That is one XOR tree a bit, of
///             logarithmic depth for any values.
`default_nettype none

module hwg_thresholds #(
  parameter int InWidth  = 8,  // bits of the input
  parameter int InSigned = 1,  // 1: input and thresholds are two's complement
  parameter int N        = 3,  // number of thresholds
  parameter int OutWidth = 2,  // bits of a value
  parameter logic [N*InWidth-1:0]      Thresholds = '0,
  parameter logic [(N+1)*OutWidth-1:0] Values     = '0
) (
  input  wire logic [InWidth-1:0]  data_i,
  output logic      [OutWidth-1:0] data_o
);

  if (InWidth < 1 || OutWidth < 1) begin : gen_check_width
    initial $fatal(1, "hwg_thresholds: InWidth and OutWidth must be >= 1");
  end
  if (N < 1) begin : gen_check_n
    initial $fatal(1, "hwg_thresholds: N must be >= 1");
  end
  if (InSigned < 0 || InSigned > 1) begin : gen_check_in_signed
    initial $fatal(1, "hwg_thresholds: InSigned must be 0 or 1");
  end

  // One signed word for both kinds; the extra bit keeps an unsigned input positive.
  localparam int EXT_WIDTH = InWidth + 1;

  logic signed [EXT_WIDTH-1:0] ext;
  assign ext = {(InSigned != 0) & data_i[InWidth-1], data_i};

  logic [N-1:0] reached;
  for (genvar i = 0; i < N; i++) begin : gen_compare
    logic signed [EXT_WIDTH-1:0] threshold;
    assign threshold  = {(InSigned != 0) & Thresholds[(i+1)*InWidth-1], Thresholds[i*InWidth +: InWidth]};
    assign reached[i] = ext >= threshold;
  end

  for (genvar b = 0; b < OutWidth; b++) begin : gen_bit
    logic [N-1:0] toggle;
    for (genvar i = 0; i < N; i++) begin : gen_toggle
      assign toggle[i] = reached[i] & (Values[(i+1)*OutWidth+b] ^ Values[i*OutWidth+b]);
    end
    assign data_o[b] = Values[b] ^ (^toggle);
  end

endmodule

`default_nettype wire
