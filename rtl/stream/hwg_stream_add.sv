// SPDX-License-Identifier: Apache-2.0
/// Adds two streams lane by lane, their points aligned, and requantizes the sum.
///
/// Function:   out[lane] = clip(round_half_even(sum / 2**Shift), Lo, Hi), where
///             sum = a[lane] * 2**AShift + b[lane] * 2**BShift, or minus b with BSub = 1
/// Timing:     latency 1 from the later one of two words, interval 1; the ready of one side is
///             combinational in the valid of the other and in out_ready_i
/// Parameters: Lanes, widths >= 1; shifts >= 0; SumWidth holds every sum, two's complement;
///             SatLo (SatHi) = 0 promises that the rounded sum is never below Lo (above Hi)
/// Notes:      Without a shift and without saturation the sum leaves as it is.
///             The handshake rules are in docs/links.md.
`default_nettype none

module hwg_stream_add #(
  parameter int Lanes    = 2,
  parameter int AWidth   = 8,  // bits of a lane
  parameter int ASigned  = 1,  // 1: two's complement
  parameter int AShift   = 0,  // zeros appended
  parameter int BWidth   = 8,
  parameter int BSigned  = 1,
  parameter int BShift   = 0,
  parameter int BSub     = 0,  // 1: subtract b
  parameter int SumWidth = 9,
  parameter int Shift    = 0,  // bits dropped
  parameter int OutWidth = 8,
  parameter int SatLo    = 1,  // 1: saturate at Lo
  parameter int SatHi    = 1,  // 1: saturate at Hi
  parameter logic signed [OutWidth:0] Lo = '0,
  parameter logic signed [OutWidth:0] Hi = '0
) (
  input  wire logic                      clk_i,
  input  wire logic                      rst_ni,
  // a
  input  wire logic                      a_valid_i,
  output logic                           a_ready_o,
  input  wire logic [Lanes*AWidth-1:0]   a_data_i,
  // b
  input  wire logic                      b_valid_i,
  output logic                           b_ready_o,
  input  wire logic [Lanes*BWidth-1:0]   b_data_i,
  // out
  output logic                           out_valid_o,
  input  wire logic                      out_ready_i,
  output logic      [Lanes*OutWidth-1:0] out_data_o
);

  if (Lanes < 1 || AWidth < 1 || BWidth < 1 || SumWidth < 1 || OutWidth < 1) begin : gen_check_sizes
    initial $fatal(1, "hwg_stream_add: Lanes and widths must be >= 1");
  end
  if (AShift < 0 || BShift < 0 || Shift < 0) begin : gen_check_shifts
    initial $fatal(1, "hwg_stream_add: shifts must be >= 0");
  end
  if (ASigned < 0 || ASigned > 1 || BSigned < 0 || BSigned > 1 || BSub < 0 || BSub > 1 ||
      SatLo < 0 || SatLo > 1 || SatHi < 0 || SatHi > 1) begin : gen_check_flags
    initial $fatal(1, "hwg_stream_add: ASigned, BSigned, BSub, SatLo and SatHi must be 0 or 1");
  end

  logic                      move, both;
  logic [Lanes*OutWidth-1:0] result;
  assign move = ~out_valid_o | out_ready_i;
  hwg_join #(.Sources(2)) u_join (
    .in_valid_i({b_valid_i, a_valid_i}), .in_ready_o({b_ready_o, a_ready_o}),
    .out_valid_o(both), .out_ready_i(move)
  );

  // One bit more than the operands, so that an unsigned one stays positive.
  localparam int A_WIDTH   = AWidth + AShift + 1;
  localparam int B_WIDTH   = BWidth + BShift + 1;
  localparam int EXT_WIDTH = ((A_WIDTH > B_WIDTH) ? A_WIDTH : B_WIDTH) + 1;
  localparam int WIDTH     = (EXT_WIDTH > SumWidth) ? EXT_WIDTH : SumWidth;
  for (genvar i = 0; i < Lanes; i++) begin : gen_lane
    logic signed [AWidth:0]  a;
    logic signed [BWidth:0]  b;
    logic signed [WIDTH-1:0] left, right, sum;
    assign a     = {(ASigned != 0) & a_data_i[(i+1)*AWidth-1], a_data_i[i*AWidth +: AWidth]};
    assign b     = {(BSigned != 0) & b_data_i[(i+1)*BWidth-1], b_data_i[i*BWidth +: BWidth]};
    assign left  = WIDTH'(a) <<< AShift;
    assign right = WIDTH'(b) <<< BShift;
    assign sum   = (BSub != 0) ? left - right : left + right;
    if (WIDTH > SumWidth) begin : gen_drop
      logic unused_high;
      assign unused_high = ^sum[WIDTH-1:SumWidth];
    end
    hwg_requant #(
      .InWidth(SumWidth), .InSigned(1), .Shift(Shift), .OutWidth(OutWidth),
      .SatLo(SatLo), .SatHi(SatHi), .Lo(Lo), .Hi(Hi)
    ) u_requant (
      .data_i(sum[SumWidth-1:0]), .data_o(result[i*OutWidth +: OutWidth])
    );
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni)   out_valid_o <= 1'b0;
    else if (move) out_valid_o <= both;
  end
  always_ff @(posedge clk_i) begin
    if (move) out_data_o <= result;
  end

endmodule

`default_nettype wire
