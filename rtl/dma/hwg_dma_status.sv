// SPDX-License-Identifier: Apache-2.0
/// What happened to a tensor on its way: counters, and the first fault, sticky.
///
/// Function:   counts good blocks by how they are stored, faults, words moved, and cycles in which
///             the stream stood still; keeps the fault and the number of the first block at fault
///             until clear_i
/// Timing:     two cycles behind what is counted
/// Parameters: Width 12 to 32: bits of a counter
/// Notes:      A block at fault counts as a fault and as nothing else: what its header says of how it
///             is stored cannot be trusted. Counters stop at their end instead of starting again.
`default_nettype none

module hwg_dma_status #(
  parameter int Width = 32  // bits of a counter
) (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,
  input  wire logic        clear_i,
  input  wire logic        block_i,         // a block is done
  input  wire logic [1:0]  block_mode_i,    // 0 raw, 1 zero, 2 coded
  input  wire logic        fault_i,         // with block_i: something is wrong with it
  input  wire logic [3:0]  fault_kind_i,
  input  wire logic [31:0] fault_number_i,
  input  wire logic        word_i,          // 64 bits are moved
  input  wire logic        stall_i,
  // eight words of the register map
  input  wire logic [2:0]  read_word_i,
  output logic      [31:0] read_data_o,
  output logic             faulty_o
);

  if (Width < 12 || Width > 32) begin : gen_check_width
    initial $fatal(1, "hwg_dma_status: Width must be 12 to 32");
  end

  logic [Width-1:0] count_q [0:5];
  logic [Width-1:0] raw, zero, coded, faults, words, stalls;
  logic [5:0]       event_on;
  logic [5:0]       event_d;
  logic             good, fault_q;
  logic [3:0]       kind_1_q, kind_q;
  logic [31:0]      number_1_q, number_q;
  logic             faulty_q;

  // What happens comes late in its cycle.
  assign good     = block_i & ~fault_i;
  assign event_d  = {stall_i, word_i, fault_i, good && block_mode_i == 2'd2,
                     good && block_mode_i == 2'd1, good && block_mode_i == 2'd0};
  assign fault_q  = event_on[3];

  always_ff @(posedge clk_i) begin
    kind_1_q   <= fault_kind_i;
    number_1_q <= fault_number_i;
    if (!rst_ni) event_on <= '0;
    else         event_on <= event_d;
  end
  assign faulty_o = faulty_q;

  for (genvar i = 0; i < 6; i++) begin : gen_count
    logic [Width:0] next;

    assign next = {1'b0, count_q[i]} + (Width+1)'(1);

    always_ff @(posedge clk_i) begin
      if (!rst_ni || clear_i) count_q[i] <= '0;
      else if (event_on[i])   count_q[i] <= next[Width] ? '1 : next[Width-1:0];
    end
  end

  assign raw    = count_q[0];
  assign zero   = count_q[1];
  assign coded  = count_q[2];
  assign faults = count_q[3];
  assign words  = count_q[4];
  assign stalls = count_q[5];

  always_comb begin
    case (read_word_i)
      3'd0:    read_data_o = {27'd0, faulty_q, kind_q & {4{faulty_q}}};
      3'd1:    read_data_o = number_q & {32{faulty_q}};
      3'd2:    read_data_o = 32'(faults);
      3'd3:    read_data_o = 32'(words);
      3'd4:    read_data_o = 32'(raw);
      3'd5:    read_data_o = 32'(zero);
      3'd6:    read_data_o = 32'(coded);
      default: read_data_o = 32'(stalls);
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) faulty_q <= 1'b0;
    else if (fault_q)       faulty_q <= 1'b1;
  end

  always_ff @(posedge clk_i) begin
    if (fault_q && !faulty_q) begin
      kind_q   <= kind_1_q;
      number_q <= number_1_q;
    end
  end

endmodule

`default_nettype wire
