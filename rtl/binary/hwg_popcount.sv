// SPDX-License-Identifier: Apache-2.0
/// Counts the bits of a word that are set.
///
/// Function:   count_o = sum over i of data_i[i]
/// Timing:     in steps: the count is there 2 steps after its word; interval one step
/// Parameters: Count >= 1
/// Notes:      Of the bits worth 2**k, five at a time become one and two that are worth 2**(k+1), until
///             one is left: that is bit k of the count. So n bits take about n / 2 look-up tables. What
///             the bits worth 1 carry is registered, and so is the count.
///             With HWG_AMD_PRIMITIVES five bits are a position of a carry chain (hwg_chain), else two
///             full adders: a + b + c = s + 2*c1, s + d + e = sum + 2*c2.
`default_nettype none

module hwg_popcount #(
  parameter int Count = 16,  // bits of the word
  localparam int WIDTH = $clog2(Count + 1)
) (
  input  wire logic             clk_i,
  input  wire logic             step_i,
  input  wire logic [Count-1:0] data_i,
  output logic      [WIDTH-1:0] count_o
);

  if (Count < 1) begin : gen_check_count
    initial $fatal(1, "hwg_popcount: Count must be >= 1");
  end

  // Bits worth 2**level that are to be added up, at most.
  function automatic int bits_at(input int level);
    bits_at = Count;
    for (int i = 0; i < level; i++) bits_at = 2 * ((bits_at + 2) / 4);
  endfunction

  logic [WIDTH-1:0] sums;  // bit 0 is registered already
  logic             lowest_q;

  for (genvar k = 0; k < WIDTH; k++) begin : gen_level
    localparam int BITS   = bits_at(k);
    localparam int FIVES  = (BITS + 2) / 4;
    localparam int PADDED = 4 * FIVES + 1;
    localparam int ABOVE  = (FIVES > 0) ? 2 * FIVES : 1;
    logic [BITS-1:0]  given;
    logic [ABOVE-1:0] carried;
    logic             bottom;
    if (k == 0) begin : gen_word
      assign given = data_i;
    end else if (k == 1) begin : gen_registered
      always_ff @(posedge clk_i) begin
        if (step_i) given <= gen_level[0].carried[BITS-1:0];
      end
    end else begin : gen_next
      assign given = gen_level[k-1].carried[BITS-1:0];
    end
    if (FIVES == 0) begin : gen_alone
      assign bottom  = given[0];
      assign carried = '0;
      logic unused_carried;
      assign unused_carried = carried[0];
    end else begin : gen_fives
      // A queue: the bits, then the sums of fives, of which later ones are made.
      for (genvar i = 0; i < FIVES; i++) begin : gen_five
        logic [4:0] five;
        logic       sum;
        for (genvar j = 0; j < 5; j++) begin : gen_bit
          localparam int AT = 5 * i + j;
          if (AT < BITS) begin : gen_given
            assign five[j] = given[AT];
          end else if (AT < PADDED) begin : gen_none
            assign five[j] = 1'b0;
          end else begin : gen_sum
            assign five[j] = gen_fives.gen_five[AT-PADDED].sum;
          end
        end
`ifdef HWG_AMD_PRIMITIVES
        hwg_chain #(
          .Bits(1), .A(4'ha), .B(4'ha), .C(4'ha), .Majority(1), .Leave(2)
        ) u_chain (
          .a_i(five[0]), .b_i(five[1]), .c_i(five[2]), .gate_i(1'b0),
          .carry_i(five[3]), .majority_i(five[4]), .data_o({carried[2*i+:2], sum})
        );
`else
        logic half;
        assign half           = five[0] ^ five[1] ^ five[2];
        assign sum            = half ^ five[3] ^ five[4];
        assign carried[2*i]   = (half & five[3]) | (half & five[4]) | (five[3] & five[4]);
        assign carried[2*i+1] = (five[0] & five[1]) | (five[0] & five[2]) | (five[1] & five[2]);
`endif
      end
      assign bottom = gen_five[FIVES-1].sum;
    end
    assign sums[k] = (k == 0) ? lowest_q : bottom;
    if (k == WIDTH - 1) begin : gen_top
      logic unused_top;
      assign unused_top = ^carried;
    end
  end

  always_ff @(posedge clk_i) begin
    if (step_i) begin
      lowest_q <= gen_level[0].bottom;
      count_o  <= sums;
    end
  end

endmodule

`default_nettype wire
