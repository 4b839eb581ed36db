// SPDX-License-Identifier: Apache-2.0
/// Multiplies every lane of a stream by the factor of its channel, adds, shifts down and saturates.
///
/// Function:   word n has the channels of turn n mod Turns; for channel c = turn*Lanes + lane
///               out = clip((in * Factors[c] + Adds[c]) >> Shift, Lo, Hi)
///             where the shift rounds down. Equal to hwgen.ops.mulshift
/// Timing:     interval 1; latency 3 + ceil(LEVELS / 2), with LEVELS = ceil(log2(ceil(InWidth / 4)))
///             with Dsp = 0, else 0; in_ready_o is combinational in out_ready_i
/// Parameters: sizes >= 1, Shift >= 0; SumWidth holds every product with its term; Dsp 0: products of
///             adders, 1: in DSP blocks; Lo <= Hi within the output word. Channel 0 is in the lowest
///             bits of Factors and Adds, both two's complement.
/// Notes:      The pipeline stands still as a whole while a result waits.
`default_nettype none

module hwg_stream_mulshift #(
  parameter int Lanes       = 2,
  parameter int Turns       = 2,   // words until the channels come again
  parameter int InWidth     = 8,
  parameter int InSigned    = 1,   // 1: lanes are two's complement
  parameter int FactorWidth = 6,
  parameter int SumWidth    = 16,  // bits of a product and a term, two's complement
  parameter int Shift       = 4,
  parameter int OutWidth    = 8,
  parameter int Dsp         = 0,
  localparam int TURN_WIDTH = (Turns > 1) ? $clog2(Turns) : 1,
  parameter logic [Turns*Lanes*FactorWidth-1:0] Factors = '0,
  parameter logic [Turns*Lanes*SumWidth-1:0]    Adds    = '0,
  parameter logic signed [OutWidth:0]           Lo      = '0,
  parameter logic signed [OutWidth:0]           Hi      = '0
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

  if (Lanes < 1 || Turns < 1 || InWidth < 1 || FactorWidth < 1 || SumWidth < 1 ||
      OutWidth < 1) begin : gen_check_sizes
    initial $fatal(1, "hwg_stream_mulshift: Lanes, Turns and widths must be >= 1");
  end
  if (Shift < 0) begin : gen_check_shift
    initial $fatal(1, "hwg_stream_mulshift: Shift must be >= 0");
  end
  if (InSigned < 0 || InSigned > 1 || Dsp < 0 || Dsp > 1) begin : gen_check_flags
    initial $fatal(1, "hwg_stream_mulshift: InSigned and Dsp must be 0 or 1");
  end
  if (Lo > Hi) begin : gen_check_bounds
    initial $fatal(1, "hwg_stream_mulshift: Lo must not exceed Hi");
  end

  localparam int LEVELS = (Dsp == 0) ? $clog2((InWidth + 3) / 4) : 0;
  localparam int DEPTH  = 2 + (LEVELS + 1) / 2;  // steps from a word to its products
  localparam int HIGH   = ((SumWidth > Shift) ? SumWidth - Shift : 0) + 1;  // bits above the shift
  localparam int WIDE   = (HIGH > OutWidth + 1) ? HIGH : OutWidth + 1;

  logic                         move;
  logic [TURN_WIDTH-1:0]        turn_q;
  logic [DEPTH-1:0]             full_q;
  logic [DEPTH*TURN_WIDTH-1:0]  turns_q;  // of the words on their way; the newest lowest
  logic [Lanes*InWidth-1:0]     data_q;
  logic [Lanes*FactorWidth-1:0] factors, factors_q;
  logic [Lanes*SumWidth-1:0]    adds;
  assign move       = ~out_valid_o | out_ready_i;
  assign in_ready_o = move;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      turn_q      <= '0;
      full_q      <= '0;
      out_valid_o <= 1'b0;
    end else if (move) begin
      if (in_valid_i) turn_q <= (turn_q == TURN_WIDTH'(Turns - 1)) ? '0 : turn_q + TURN_WIDTH'(1);
      full_q      <= {full_q[DEPTH-2:0], in_valid_i};
      out_valid_o <= full_q[DEPTH-1];
    end
  end
  always_ff @(posedge clk_i) begin
    if (move) begin
      turns_q   <= {turns_q[(DEPTH-1)*TURN_WIDTH-1:0], turn_q};
      data_q    <= in_data_i;
      factors_q <= factors;
    end
  end
  hwg_constants #(.Width(Lanes*FactorWidth), .Depth(Turns), .Words(Factors)) u_factors (
    .address_i(turn_q), .data_o(factors)
  );
  hwg_constants #(.Width(Lanes*SumWidth), .Depth(Turns), .Words(Adds)) u_adds (
    .address_i(turns_q[(DEPTH-1)*TURN_WIDTH +: TURN_WIDTH]), .data_o(adds)
  );

  for (genvar i = 0; i < Lanes; i++) begin : gen_lane
    logic        [SumWidth-1:0] product;
    logic signed [SumWidth:0]   sum;
    logic signed [WIDE-1:0]     floor;
    hwg_dot #(
      .Count(1), .AWidth(InWidth), .ASigned(InSigned), .WWidth(FactorWidth), .SumWidth(SumWidth),
      .Dsp(Dsp)
    ) u_dot (
      .clk_i(clk_i), .step_i(move), .data_i(data_q[i*InWidth +: InWidth]),
      .weight_i(factors_q[i*FactorWidth +: FactorWidth]), .sum_o(product)
    );
    assign sum   = (SumWidth + 1)'($signed(product))
                   + (SumWidth + 1)'($signed(adds[i*SumWidth +: SumWidth]));
    assign floor = WIDE'(sum >>> Shift);
    always_ff @(posedge clk_i) begin
      if (move) begin
        if (floor < WIDE'(Lo))      out_data_o[i*OutWidth +: OutWidth] <= Lo[OutWidth-1:0];
        else if (floor > WIDE'(Hi)) out_data_o[i*OutWidth +: OutWidth] <= Hi[OutWidth-1:0];
        else                        out_data_o[i*OutWidth +: OutWidth] <= floor[OutWidth-1:0];
      end
    end
  end

endmodule

`default_nettype wire
