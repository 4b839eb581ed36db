// SPDX-License-Identifier: Apache-2.0
/// Requantizes every lane of a stream: fewer bits by a shift that rounds half to even, then saturation.
///
/// Function:   out[lane] = clip(round_half_even(in[lane] * 2**Up / 2**Shift), Lo, Hi), see hwg_requant.
///             Leaky = 1: below zero clip(round_half_even(in * 2**NegUp / 2**NegShift), NegLo, 0)
///             instead, and not below 0 from zero on. Equal to hwgen.ops.requantize
/// Timing:     latency 1, interval 1; in_ready_o is combinational in out_ready_i
/// Parameters: Lanes, InWidth, OutWidth >= 1; shifts >= 0; Half as in hwg_requant (not with Leaky);
///             SatLo (SatHi) = 0 promises that the rounded value is never below Lo (above Hi)
/// Notes:      The handshake rules are in docs/links.md.
`default_nettype none

module hwg_stream_requant #(
  parameter int Lanes    = 2,
  parameter int InWidth  = 8,  // bits of a lane
  parameter int InSigned = 1,  // 1: lanes are two's complement
  parameter int Up       = 0,  // zeros appended before the shift
  parameter int Shift    = 2,  // bits dropped
  parameter int Half     = 0,  // 1: half of the last place kept is in the input already
  parameter int OutWidth = 4,
  parameter int SatLo    = 1,  // 1: saturate at Lo
  parameter int SatHi    = 1,  // 1: saturate at Hi
  parameter int Leaky    = 0,
  parameter int NegUp    = 0,
  parameter int NegShift = 3,
  parameter logic signed [OutWidth:0] Lo    = '0,
  parameter logic signed [OutWidth:0] Hi    = '0,
  parameter logic signed [OutWidth:0] NegLo = '0
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

  if (Lanes < 1 || InWidth < 1 || OutWidth < 1) begin : gen_check_sizes
    initial $fatal(1, "hwg_stream_requant: Lanes, InWidth and OutWidth must be >= 1");
  end
  if (InSigned < 0 || InSigned > 1 || Half < 0 || Half > 1 || SatLo < 0 || SatLo > 1 ||
      SatHi < 0 || SatHi > 1 || Leaky < 0 || Leaky > 1) begin : gen_check_flags
    initial $fatal(1, "hwg_stream_requant: InSigned, Half, SatLo, SatHi and Leaky must be 0 or 1");
  end
  if (Up < 0 || Shift < 0 || NegUp < 0 || NegShift < 0) begin : gen_check_shifts
    initial $fatal(1, "hwg_stream_requant: shifts must be >= 0");
  end
  if (Leaky != 0 && Half != 0) begin : gen_check_leaky
    initial $fatal(1, "hwg_stream_requant: Half does not go with Leaky");
  end

  logic                      move;
  logic [Lanes*OutWidth-1:0] result;
  assign move       = ~out_valid_o | out_ready_i;
  assign in_ready_o = move;

  for (genvar i = 0; i < Lanes; i++) begin : gen_lane
    logic [InWidth-1:0]  x;
    logic [OutWidth-1:0] above;
    assign x = in_data_i[i*InWidth +: InWidth];
    hwg_requant #(
      .InWidth(InWidth+Up), .InSigned(InSigned), .Shift(Shift), .Half(Half), .OutWidth(OutWidth),
      .SatLo((Leaky != 0) ? 1 : SatLo), .SatHi(SatHi), .Lo((Leaky != 0) ? '0 : Lo), .Hi(Hi)
    ) u_requant (
      .data_i((InWidth+Up)'(x) << Up), .data_o(above)
    );
    if (Leaky != 0 && InSigned != 0) begin : gen_leaky
      logic [OutWidth-1:0] below;
      hwg_requant #(
        .InWidth(InWidth+NegUp), .InSigned(1), .Shift(NegShift), .OutWidth(OutWidth),
        .Lo(NegLo), .Hi('0)
      ) u_below (
        .data_i((InWidth+NegUp)'(x) << NegUp), .data_o(below)
      );
      assign result[i*OutWidth +: OutWidth] = x[InWidth-1] ? below : above;
    end else begin : gen_plain
      assign result[i*OutWidth +: OutWidth] = above;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni)   out_valid_o <= 1'b0;
    else if (move) out_valid_o <= in_valid_i;
  end
  always_ff @(posedge clk_i) begin
    if (move) out_data_o <= result;
  end

endmodule

`default_nettype wire
