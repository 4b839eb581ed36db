// SPDX-License-Identifier: Apache-2.0
/// Replaces every lane of a stream by the constant of the interval it falls into, by its channel.
///
/// Function:   word n has the channels of turn n mod Turns; for channel c = turn*Lanes + lane
///               out = Values[c][count of the thresholds of c that are <= in]
///             Equal to hwgen.ops.thresholds
/// Timing:     interval 1; latency Levels + 1: a comparison a cycle halves the range, then the value is
///             looked up. in_ready_o is combinational in out_ready_i
/// Parameters: sizes >= 1. A channel has 2**Levels - 1 thresholds, ascending, as two's complement words
///             of InWidth + 1 bits, and 2**Levels values; where there are fewer, the greatest such
///             number and the last value stand for the rest. ValueTurns is Turns, or 1 where every turn
///             has the values of the first. Channel 0 is in the lowest bits, and of a channel the first.
/// Notes:      One comparator a level where a parallel comparison has one a threshold.
///             The pipeline stands still as a whole while a result waits.
`default_nettype none

module hwg_stream_thresholds #(
  parameter int Lanes      = 2,
  parameter int Turns      = 2,  // words until the channels come again
  parameter int Levels     = 2,
  parameter int InWidth    = 8,
  parameter int InSigned   = 1,  // 1: lanes are two's complement
  parameter int OutWidth   = 2,
  parameter int ValueTurns = 1,
  localparam int CUTS       = 2 ** Levels - 1,
  localparam int CUT_WIDTH  = InWidth + 1,
  localparam int TURN_WIDTH = (Turns > 1) ? $clog2(Turns) : 1,
  parameter logic [Turns*Lanes*CUTS*CUT_WIDTH-1:0]          Thresholds = '0,
  parameter logic [ValueTurns*Lanes*(CUTS+1)*OutWidth-1:0]  Values     = '0
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

  if (Lanes < 1 || Turns < 1 || InWidth < 1 || OutWidth < 1) begin : gen_check_sizes
    initial $fatal(1, "hwg_stream_thresholds: Lanes, Turns, InWidth and OutWidth must be >= 1");
  end
  if (Levels < 1 || Levels > 12) begin : gen_check_levels
    initial $fatal(1, "hwg_stream_thresholds: Levels must be 1 to 12");
  end
  if (InSigned < 0 || InSigned > 1) begin : gen_check_flags
    initial $fatal(1, "hwg_stream_thresholds: InSigned must be 0 or 1");
  end
  if (ValueTurns < 1 || (ValueTurns != 1 && ValueTurns != Turns)) begin : gen_check_values
    initial $fatal(1, "hwg_stream_thresholds: ValueTurns must be 1 or Turns");
  end

  logic                             move;
  logic [TURN_WIDTH-1:0]            turn_q;
  logic [Levels-1:0]                full_q;
  logic [(Levels+1)*TURN_WIDTH-1:0] turns;  // of the words on their way; the newest lowest
  logic [Levels*TURN_WIDTH-1:0]     turns_q;
  assign move       = ~out_valid_o | out_ready_i;
  assign in_ready_o = move;
  assign turns      = {turns_q, turn_q};

  logic [Levels:0] full;
  assign full = {full_q, in_valid_i};
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      turn_q      <= '0;
      full_q      <= '0;
      out_valid_o <= 1'b0;
    end else if (move) begin
      if (in_valid_i) turn_q <= (turn_q == TURN_WIDTH'(Turns - 1)) ? '0 : turn_q + TURN_WIDTH'(1);
      full_q      <= full[Levels-1:0];
      out_valid_o <= full[Levels];
    end
  end
  always_ff @(posedge clk_i) begin
    if (move) turns_q <= turns[Levels*TURN_WIDTH-1:0];
  end

  for (genvar i = 0; i < Lanes; i++) begin : gen_lane
    // x and upper bits of the count, in front of every level; the last count is behind all.
    logic [Levels*CUT_WIDTH-1:0]      x;
    logic [(Levels+1)*(Levels+1)-1:0] count;
    assign x[0 +: CUT_WIDTH]   = {(InSigned != 0) & in_data_i[(i+1)*InWidth-1],
                                  in_data_i[i*InWidth +: InWidth]};
    assign count[0 +: Levels+1] = '0;
    for (genvar l = 0; l < Levels; l++) begin : gen_level
      localparam int DEPTH = Turns * 2 ** l;
      localparam int PLACE_WIDTH = (DEPTH > 1) ? $clog2(DEPTH) : 1;
      logic signed [CUT_WIDTH-1:0] word, cut;
      logic [31:0]                 place;
      logic [Levels:0]             so_far, next, next_q;
      logic                        unused_place;
      assign word         = x[l*CUT_WIDTH +: CUT_WIDTH];
      assign so_far       = count[l*(Levels+1) +: Levels+1];
      assign place        = 32'(turns[l*TURN_WIDTH +: TURN_WIDTH]) * 2 ** l + 32'(so_far);
      assign unused_place = ^place;
      // Turn t, upper bits u of the count: the threshold in the middle of what is left.
      logic [CUT_WIDTH-1:0] cuts_q [0:DEPTH-1];
      initial begin
        for (int t = 0; t < Turns; t++) begin
          for (int u = 0; u < 2 ** l; u++) begin
            cuts_q[t*2**l+u] = Thresholds[
              ((t*Lanes+i)*CUTS + u*2**(Levels-l) + 2**(Levels-l-1) - 1)*CUT_WIDTH +: CUT_WIDTH];
          end
        end
      end
      assign cut  = cuts_q[place[PLACE_WIDTH-1:0]];
      assign next = {so_far[Levels-1:0], word >= cut};
      always_ff @(posedge clk_i) begin
        if (move) next_q <= next;
      end
      assign count[(l+1)*(Levels+1) +: Levels+1] = next_q;
      if (l < Levels - 1) begin : gen_carry
        logic [CUT_WIDTH-1:0] word_q;
        always_ff @(posedge clk_i) begin
          if (move) word_q <= word;
        end
        assign x[(l+1)*CUT_WIDTH +: CUT_WIDTH] = word_q;
      end
    end
    localparam int VALUE_DEPTH = ValueTurns * 2 ** Levels;
    logic [31:0]         place;
    logic [OutWidth-1:0] value;
    logic                unused_place;
    assign place = ((ValueTurns > 1) ? 32'(turns[Levels*TURN_WIDTH +: TURN_WIDTH]) * 2 ** Levels : 32'd0)
                   + 32'(count[Levels*(Levels+1) +: Levels+1]);
    assign unused_place = ^place;
    logic [OutWidth-1:0] values_q [0:VALUE_DEPTH-1];
    initial begin
      for (int t = 0; t < ValueTurns; t++) begin
        for (int n = 0; n < 2 ** Levels; n++) begin
          values_q[t*2**Levels+n] = Values[((t*Lanes+i)*2**Levels + n)*OutWidth +: OutWidth];
        end
      end
    end
    assign value = values_q[place[$clog2(VALUE_DEPTH)-1:0]];
    always_ff @(posedge clk_i) begin
      if (move) out_data_o[i*OutWidth +: OutWidth] <= value;
    end
  end

endmodule

`default_nettype wire
