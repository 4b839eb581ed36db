// SPDX-License-Identifier: Apache-2.0
/// Delays a few lanes of a serial signal: a shift register and a flop behind it.
///
/// Function:   data_o in cycle t = data_i in cycle t - Cycles
/// Timing:     latency Cycles, never stalls
/// Parameters: Width >= 1, Cycles >= 2; Flop 0 or 1
/// Notes:      No reset. HWG_AMD_PRIMITIVES selects SRL16E, which holds 16 bits in one table; the
///             flop behind it keeps the slow output of a shift register out of the next path. Where
///             next to nothing follows, Flop = 0 saves it.
`default_nettype none

module hwg_serial_delay #(
  parameter int Width  = 1,  // lanes
  parameter int Cycles = 4,  // registers in the chain
  parameter int Flop   = 1   // 1: the last one is a flop
) (
  input  wire logic             clk_i,
  input  wire logic [Width-1:0] data_i,
  output logic      [Width-1:0] data_o
);

  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_serial_delay: Width must be >= 1");
  end
  if (Cycles < 2) begin : gen_check_cycles
    initial $fatal(1, "hwg_serial_delay: Cycles must be >= 2");
  end

  if (Flop < 0 || Flop > 1) begin : gen_check_flop
    initial $fatal(1, "hwg_serial_delay: Flop must be 0 or 1");
  end

`ifdef HWG_AMD_PRIMITIVES
  // All but the flop's cycle, 16 of them a table, the rest in the last one.
  localparam int         INSIDE = Cycles - Flop;
  localparam int         TABLES = (INSIDE + 15) / 16;
  localparam logic [3:0] REST   = 4'(INSIDE - 16 * (TABLES - 1) - 1);
  for (genvar i = 0; i < Width; i++) begin : gen_lane
    logic [TABLES:0] tap;
    assign tap[0] = data_i[i];
    for (genvar k = 0; k < TABLES; k++) begin : gen_table
      localparam logic [3:0] ADDRESS = (k == TABLES - 1) ? REST : 4'd15;
      SRL16E u_srl (
        .CLK(clk_i), .CE(1'b1), .D(tap[k]), .Q(tap[k+1]),
        .A0(ADDRESS[0]), .A1(ADDRESS[1]), .A2(ADDRESS[2]), .A3(ADDRESS[3])
      );
    end
    if (Flop != 0) begin : gen_flop
      always_ff @(posedge clk_i) data_o[i] <= tap[TABLES];
    end else begin : gen_table_alone
      assign data_o[i] = tap[TABLES];
    end
  end
`else
  logic [Cycles*Width-1:0] chain_q;  // newest in the lowest bits
  always_ff @(posedge clk_i) chain_q <= {chain_q[(Cycles-1)*Width-1:0], data_i};
  assign data_o = chain_q[(Cycles-1)*Width +: Width];
`endif

endmodule

`default_nettype wire
