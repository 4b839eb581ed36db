// SPDX-License-Identifier: Apache-2.0
/// One engine's tensor: the registers that describe it, whether it can be done, how it ends.
///
/// Function:   registers and tally (hwg_dma_bank), the look at the description after a start
///             (hwg_dma_descriptor_check) and the run control (hwg_dma_run) of a writer or a reader
/// Timing:     begin_o or refuse_o comes 3 cycles after start_i; a tally is two cycles behind
/// Parameters: those of hwg_dma_bank and hwg_dma_descriptor_check; Present 0: there is no engine, and
///             every start is refused
/// Notes:      The engine starts with begin_o. A description that it cannot do is
///             fault 9, of block 0. The writer wants addresses that are multiples of 64, the reader of
///             8. What an engine in reset tells is not counted.
`default_nettype none

module hwg_dma_tensor #(
  parameter int AddrWidth = 32,    // bits of a byte address
  parameter int Reader    = 0,     // 0: of the writer
  parameter int Coder     = 0,
  parameter int Bits      = 8,
  parameter int Sets      = 1,
  parameter int Values    = 4096,
  parameter int Present   = 1,
  parameter int Transform = 0,
  parameter int Kinds     = 7,
  parameter int Groups    = 8
) (
  input  wire logic                 clk_i,
  input  wire logic                 rst_ni,
  input  wire logic                 bus_rst_ni,      // of the bus, which outlives rst_ni
  // registers
  input  wire logic                 write_i,
  input  wire logic [6:0]           write_word_i,
  input  wire logic [31:0]          write_data_i,
  input  wire logic [31:0]          write_mask_i,
  input  wire logic [6:0]           read_word_i,
  output logic      [31:0]          read_data_o,     // a cycle later
  // the run
  input  wire logic                 clear_i,         // the tally
  input  wire logic                 start_i,
  input  wire logic                 abort_i,
  input  wire logic                 short_i,         // of the source, as hwg_dma_run has them
  input  wire logic                 long_i,
  input  wire logic                 late_i,
  output logic                      busy_o,
  output logic                      done_o,
  output logic                      fault_o,
  output logic                      faulty_o,        // the tally has a fault
  // the engine
  output logic                      engine_rst_no,
  output logic                      flush_o,         // its bus master
  output logic                      begin_o,         // pulse: the tensor is one that it can do
  output logic                      refuse_o,        // pulse: it is not
  output logic                      stop_o,          // pulse: it is given up
  input  wire logic                 working_i,
  input  wire logic                 bus_idle_i,
  input  wire logic                 block_i,         // as hwg_dma_status
  input  wire logic [1:0]           block_mode_i,
  input  wire logic                 fault_i,
  input  wire logic [3:0]           fault_kind_i,
  input  wire logic [31:0]          fault_number_i,
  input  wire logic                 word_i,
  input  wire logic                 stall_i,
  // the tensor, as hwg_dma_descriptor
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
  output logic      [3:0]           set_o,
  output logic      [31:0]          key_o,
  output logic      [31:0]          first_o,
  output logic      [31:0]          room_o,
  // its transform, as hwg_dma_transform
  output logic      [1:0]           kind_o,
  output logic                      klt_o,
  output logic      [4:0]           down_o,
  output logic      [4:0]           shift_o,
  output logic      [47:0]          factors_o,
  output logic      [15:0]          map_height_o,
  output logic      [15:0]          map_width_o,
  output logic      [31:0]          lo_o,
  output logic      [31:0]          hi_o
);

  if (AddrWidth < 13 || AddrWidth > 64) begin : gen_check_addr
    initial $fatal(1, "hwg_dma_tensor: AddrWidth must be 13 to 64");
  end
  if (Reader < 0 || Reader > 1 || Present < 0 || Present > 1) begin : gen_check_engine
    initial $fatal(1, "hwg_dma_tensor: Reader and Present must be 0 or 1");
  end
  if (Coder < 0 || Coder > 1) begin : gen_check_coder
    initial $fatal(1, "hwg_dma_tensor: Coder must be 0 or 1");
  end
  if (Bits < 1 || Bits > 15) begin : gen_check_bits
    initial $fatal(1, "hwg_dma_tensor: Bits must be 1 to 15");
  end
  if (Sets < 1 || Sets > 16) begin : gen_check_sets
    initial $fatal(1, "hwg_dma_tensor: Sets must be 1 to 16");
  end
  if (Values < 16 || Values > 4096) begin : gen_check_values
    initial $fatal(1, "hwg_dma_tensor: Values must be 16 to 4096");
  end
  if (Transform < 0 || Transform > 1) begin : gen_check_transform
    initial $fatal(1, "hwg_dma_tensor: Transform must be 0 or 1");
  end
  if (Kinds < 0 || Kinds > 7 || Groups < 0 || Groups > 512) begin : gen_check_kinds
    initial $fatal(1, "hwg_dma_tensor: Kinds must be 0 to 7, Groups 0 to 512");
  end

  localparam int         ALIGN     = (Reader != 0) ? 3 : 6;  // bits of an address that are 0
  localparam logic [3:0] FAULT_CFG = 4'd9;

  logic       checking, tans;
  logic [3:0] fault_kind;

  hwg_dma_bank #(.AddrWidth(AddrWidth), .Reader(Reader), .Transform(Transform)) i_bank (
    .clk_i          (clk_i),
    .rst_ni         (rst_ni),
    .write_i        (write_i),
    .write_word_i   (write_word_i),
    .write_data_i   (write_data_i),
    .write_mask_i   (write_mask_i),
    .read_word_i    (read_word_i),
    .read_data_o    (read_data_o),
    .data_addr_o    (data_addr_o),
    .index_addr_o   (index_addr_o),
    .capacity_o     (capacity_o),
    .blocks_o       (blocks_o),
    .slot_o         (slot_o),
    .slotted_o      (slotted_o),
    .height_o       (height_o),
    .width_o        (width_o),
    .channels_o     (channels_o),
    .bh_o           (bh_o),
    .bw_o           (bw_o),
    .bc_o           (bc_o),
    .bits_o         (bits_o),
    .signed_o       (signed_o),
    .transformed_o  (transformed_o),
    .stored_o       (stored_o),
    .tans_o         (tans),
    .set_o          (set_o),
    .key_o          (key_o),
    .first_o        (first_o),
    .room_o         (room_o),
    .kind_o         (kind_o),
    .klt_o          (klt_o),
    .down_o         (down_o),
    .shift_o        (shift_o),
    .factors_o      (factors_o),
    .map_height_o   (map_height_o),
    .map_width_o    (map_width_o),
    .lo_o           (lo_o),
    .hi_o           (hi_o),
    .clear_i        (clear_i),
    .block_i        (block_i & engine_rst_no),
    .block_mode_i   (block_mode_i),
    .fault_i        (fault_o),
    .fault_kind_i   (fault_kind),
    .fault_number_i (fault_number_i & {32{~refuse_o}}),
    .word_i         (word_i & engine_rst_no),
    .stall_i        (stall_i),
    .faulty_o       (faulty_o)
  );

  hwg_dma_descriptor_check #(
    .Coder     (Coder),
    .Bits      (Bits),
    .Sets      (Sets),
    .Values    (Values),
    .Align     (ALIGN),
    .Present   (Present),
    .Transform (Transform),
    .Kinds     (Kinds),
    .Groups    (Groups)
  ) i_check (
    .clk_i          (clk_i),
    .rst_ni         (engine_rst_no),
    .start_i        (start_i),
    .busy_o         (checking),
    .start_o        (begin_o),
    .refuse_o       (refuse_o),
    .data_addr_i    (data_addr_o[ALIGN-1:0]),
    .index_addr_i   (index_addr_o[ALIGN-1:0]),
    .slotted_i      (slotted_o),
    .slot_i         (slot_o),
    .height_i       (height_o),
    .width_i        (width_o),
    .channels_i     (channels_o),
    .bh_i           (bh_o),
    .bw_i           (bw_o),
    .bc_i           (bc_o),
    .bits_i         (bits_o),
    .tans_i         (tans),
    .set_i          (set_o),
    .transformed_i  (transformed_o),
    .kind_i         (kind_o),
    .klt_i          (klt_o),
    .map_height_i   (map_height_o),
    .map_width_i    (map_width_o)
  );

  hwg_dma_run i_run (
    .clk_i         (clk_i),
    .rst_ni        (rst_ni),
    .working_i     (checking | working_i),
    .bus_idle_i    (bus_idle_i),
    .lost_i        (~bus_rst_ni),
    .short_i       (short_i),
    .late_i        (late_i),
    .abort_i       (abort_i),
    .long_i        (long_i),
    .fault_i       (fault_i | refuse_o),
    .fault_kind_i  (refuse_o ? FAULT_CFG : fault_kind_i),
    .engine_rst_no (engine_rst_no),
    .flush_o       (flush_o),
    .stop_o        (stop_o),
    .busy_o        (busy_o),
    .done_o        (done_o),
    .fault_o       (fault_o),
    .fault_kind_o  (fault_kind)
  );

endmodule

`default_nettype wire
