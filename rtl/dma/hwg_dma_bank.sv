// SPDX-License-Identifier: Apache-2.0
/// The registers of one engine: its tensor, the transform of it, and what happened.
///
/// Function:   the banks tensor, transform and tally of hwg_dma_regs.rdl that belong to one engine,
///             written and read by the word of the register map; what they mean is on the ports
/// Timing:     a write holds from the next cycle on; data read come a cycle behind their word, a tally
///             is two behind what it counts
/// Parameters: AddrWidth 13 to 64; Reader 0 (the writer's) or 1; Transform 0 or 1; Counter 12 to 32
/// Notes:      Which words there are, and when they may be written, hwg_dma_regs decides.
`default_nettype none

module hwg_dma_bank #(
  parameter int AddrWidth = 32,  // bits of a byte address
  parameter int Reader    = 0,
  parameter int Transform = 0,   // 1: there is the bank of the transform
  parameter int Counter   = 32   // bits of a counter
) (
  input  wire logic                 clk_i,
  input  wire logic                 rst_ni,
  input  wire logic                 write_i,
  input  wire logic [6:0]           write_word_i,
  input  wire logic [31:0]          write_data_i,
  input  wire logic [31:0]          write_mask_i,
  input  wire logic [6:0]           read_word_i,
  output logic      [31:0]          read_data_o,    // a cycle later
  // the tensor
  output logic      [AddrWidth-1:0] data_addr_o,
  output logic      [AddrWidth-1:0] index_addr_o,
  output logic      [31:0]          capacity_o,
  output logic      [31:0]          blocks_o,
  output logic      [15:0]          slot_o,
  output logic                      slotted_o,
  output logic      [15:0]          height_o,
  output logic      [15:0]          width_o,
  output logic      [15:0]          channels_o,
  output logic      [12:0]          bh_o,
  output logic      [12:0]          bw_o,
  output logic      [12:0]          bc_o,
  output logic      [3:0]           bits_o,
  output logic                      signed_o,
  output logic                      transformed_o,
  output logic                      stored_o,
  output logic                      tans_o,
  output logic      [3:0]           set_o,
  output logic      [31:0]          key_o,
  output logic      [31:0]          first_o,
  output logic      [31:0]          room_o,
  // its transform
  output logic      [1:0]           kind_o,
  output logic                      klt_o,
  output logic      [4:0]           down_o,
  output logic      [4:0]           shift_o,
  output logic      [47:0]          factors_o,
  output logic      [15:0]          map_height_o,
  output logic      [15:0]          map_width_o,
  output logic      [31:0]          lo_o,
  output logic      [31:0]          hi_o,
  // what happens
  input  wire logic                 clear_i,
  input  wire logic                 block_i,
  input  wire logic [1:0]           block_mode_i,
  input  wire logic                 fault_i,
  input  wire logic [3:0]           fault_kind_i,
  input  wire logic [31:0]          fault_number_i,
  input  wire logic                 word_i,
  input  wire logic                 stall_i,
  output logic                      faulty_o
);

  if (AddrWidth < 13 || AddrWidth > 64) begin : gen_check_addr
    initial $fatal(1, "hwg_dma_bank: AddrWidth must be 13 to 64");
  end
  if (Reader < 0 || Reader > 1 || Transform < 0 || Transform > 1) begin : gen_check_flags
    initial $fatal(1, "hwg_dma_bank: Reader and Transform must be 0 or 1");
  end
  if (Counter < 12 || Counter > 32) begin : gen_check_counter
    initial $fatal(1, "hwg_dma_bank: Counter must be 12 to 32");
  end

  // Where the banks lie: 16 words each, tallies 8.
  localparam logic [2:0] TENSOR = 3'(1 + Reader), TURN = 3'(4 + Reader);

  logic [31:0] tensor_data, tally_data, turn_data;

  always_ff @(posedge clk_i) begin
    read_data_o <= read_word_i[6] ? turn_data
                 : (read_word_i[5:4] == 2'b11) ? tally_data : tensor_data;
  end

  hwg_dma_descriptor #(.AddrWidth(AddrWidth), .Room(1 - Reader)) i_tensor (
    .clk_i         (clk_i),
    .rst_ni        (rst_ni),
    .write_i       (write_i & (write_word_i[6:4] == TENSOR)),
    .write_word_i  (write_word_i[3:0]),
    .write_data_i  (write_data_i),
    .write_mask_i  (write_mask_i),
    .read_word_i   (read_word_i[3:0]),
    .read_data_o   (tensor_data),
    .data_addr_o   (data_addr_o),
    .index_addr_o  (index_addr_o),
    .capacity_o    (capacity_o),
    .blocks_o      (blocks_o),
    .slot_o        (slot_o),
    .slotted_o     (slotted_o),
    .height_o      (height_o),
    .width_o       (width_o),
    .channels_o    (channels_o),
    .bh_o          (bh_o),
    .bw_o          (bw_o),
    .bc_o          (bc_o),
    .bits_o        (bits_o),
    .signed_o      (signed_o),
    .transformed_o (transformed_o),
    .stored_o      (stored_o),
    .tans_o        (tans_o),
    .set_o         (set_o),
    .key_o         (key_o),
    .first_o       (first_o),
    .room_o        (room_o)
  );

  hwg_dma_status #(.Width(Counter)) i_tally (
    .clk_i          (clk_i),
    .rst_ni         (rst_ni),
    .clear_i        (clear_i),
    .block_i        (block_i),
    .block_mode_i   (block_mode_i),
    .fault_i        (fault_i),
    .fault_kind_i   (fault_kind_i),
    .fault_number_i (fault_number_i),
    .word_i         (word_i),
    .stall_i        (stall_i),
    .read_word_i    (read_word_i[2:0]),
    .read_data_o    (tally_data),
    .faulty_o       (faulty_o)
  );

  if (Transform != 0) begin : gen_transform
    hwg_dma_transform #(.Limits(Reader)) i_transform (
      .clk_i        (clk_i),
      .rst_ni       (rst_ni),
      .write_i      (write_i & (write_word_i[6:4] == TURN)),
      .write_word_i (write_word_i[3:0]),
      .write_data_i (write_data_i),
      .write_mask_i (write_mask_i),
      .read_word_i  (read_word_i[3:0]),
      .read_data_o  (turn_data),
      .kind_o       (kind_o),
      .klt_o        (klt_o),
      .down_o       (down_o),
      .shift_o      (shift_o),
      .factors_o    (factors_o),
      .map_height_o (map_height_o),
      .map_width_o  (map_width_o),
      .lo_o         (lo_o),
      .hi_o         (hi_o)
    );
  end else begin : gen_no_transform
    assign turn_data = '0;
    assign {kind_o, klt_o, down_o, shift_o, factors_o, map_height_o, map_width_o, lo_o, hi_o} = '0;
  end

endmodule

`default_nettype wire
