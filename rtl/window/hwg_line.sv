// SPDX-License-Identifier: Apache-2.0
/// Delay line that moves in steps: the word of so many steps ago.
///
/// Function:   in a step, data_o is the data_i of Depth steps before; for the first Depth steps after a
///             reset it means nothing
/// Timing:     data_o stays between steps; nothing moves without step_i
/// Parameters: Width, Depth >= 1; RamStyle 0: registers, 1: distributed RAM, 2: block RAM
/// Notes:      The RAMs are written in a circle. Block RAM is read one step ahead, so it takes at least
///             two words; a line of one word is a register whatever RamStyle says.
`default_nettype none

module hwg_line #(
  parameter int Width    = 8,  // bits of a word
  parameter int Depth    = 4,  // steps
  parameter int RamStyle = 1   // 0: registers, 1: distributed RAM, 2: block RAM
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,
  input  wire logic             step_i,
  input  wire logic [Width-1:0] data_i,
  output logic      [Width-1:0] data_o
);

  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_line: Width must be >= 1");
  end
  if (Depth < 1) begin : gen_check_depth
    initial $fatal(1, "hwg_line: Depth must be >= 1");
  end
  if (RamStyle < 0 || RamStyle > 2) begin : gen_check_ram_style
    initial $fatal(1, "hwg_line: RamStyle must be 0, 1 or 2");
  end

  if (Depth == 1) begin : gen_one
    logic unused_reset;
    assign unused_reset = rst_ni;
    always_ff @(posedge clk_i) begin
      if (step_i) data_o <= data_i;
    end
  end else if (RamStyle == 0) begin : gen_registers
    logic                   unused_reset;
    logic [Depth*Width-1:0] line_q;
    assign unused_reset = rst_ni;
    always_ff @(posedge clk_i) begin
      if (step_i) line_q <= {line_q[(Depth-1)*Width-1:0], data_i};
    end
    assign data_o = line_q[(Depth-1)*Width +: Width];
  end else begin : gen_ram
    localparam int PLACE_WIDTH = $clog2(Depth);
    logic [PLACE_WIDTH-1:0] place_q, next;
    assign next = (place_q == PLACE_WIDTH'(Depth - 1)) ? '0 : place_q + PLACE_WIDTH'(1);
    always_ff @(posedge clk_i) begin
      if (!rst_ni)     place_q <= '0;
      else if (step_i) place_q <= next;
    end
    if (RamStyle == 1) begin : gen_distributed
      (* ram_style = "distributed" *) logic [Width-1:0] mem_q [0:Depth-1];
      always_ff @(posedge clk_i) begin
        if (step_i) mem_q[place_q] <= data_i;
      end
      assign data_o = mem_q[place_q];
    end else begin : gen_block
      (* ram_style = "block" *) logic [Width-1:0] mem_q [0:Depth-1];
      always_ff @(posedge clk_i) begin
        if (step_i) begin
          mem_q[place_q] <= data_i;
          data_o         <= mem_q[next];
        end
      end
    end
  end

endmodule

`default_nettype wire
