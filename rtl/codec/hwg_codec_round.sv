// SPDX-License-Identifier: Apache-2.0
/// Divides by a power of two, rounds half up and saturates.
///
/// Function:   data_o = clip((data_i + (1 << Shift >> 1)) >> Shift, to OutWidth signed bits)
/// Timing:     combinational
/// Parameters: InWidth, OutWidth >= 1; Shift >= 0, at most InWidth - 1
/// Notes:      hwg_requant rounds half to even; the transforms of hwgen.codec.transform do not.
`default_nettype none

module hwg_codec_round #(
  parameter int InWidth  = 30,  // bits of the input, two's complement
  parameter int Shift    = 6,   // bits dropped
  parameter int OutWidth = 16   // bits of the output, two's complement
) (
  input  wire logic [InWidth-1:0]  data_i,
  output logic      [OutWidth-1:0] data_o
);

  if (InWidth < 1) begin : gen_check_in
    initial $fatal(1, "hwg_codec_round: InWidth must be >= 1");
  end
  if (Shift < 0 || Shift >= InWidth) begin : gen_check_shift
    initial $fatal(1, "hwg_codec_round: Shift must be 0 to InWidth - 1");
  end
  if (OutWidth < 1) begin : gen_check_out
    initial $fatal(1, "hwg_codec_round: OutWidth must be >= 1");
  end

  localparam int SUM_WIDTH  = InWidth + 1;
  localparam int LEFT_WIDTH = SUM_WIDTH - Shift;
  localparam int WIDE       = (LEFT_WIDTH > OutWidth) ? LEFT_WIDTH : OutWidth;
  localparam logic [SUM_WIDTH-1:0] HALF = (Shift > 0) ? SUM_WIDTH'(1) << (Shift - 1) : '0;

  logic [SUM_WIDTH-1:0] sum;
  logic [WIDE-1:0]      left;
  assign sum  = {data_i[InWidth-1], data_i} + HALF;
  assign left = WIDE'($signed(sum[SUM_WIDTH-1:Shift]));
  if (WIDE > OutWidth) begin : gen_clip
    logic fits;
    assign fits   = left[WIDE-1:OutWidth-1] == '0 || (&left[WIDE-1:OutWidth-1]);
    assign data_o = fits ? left[OutWidth-1:0]
                  : {left[WIDE-1], {(OutWidth - 1){~left[WIDE-1]}}};
  end else begin : gen_whole
    assign data_o = left;
  end
  if (Shift > 0) begin : gen_dropped
    logic unused_low;
    assign unused_low = ^sum[Shift-1:0];
  end

endmodule

`default_nettype wire
