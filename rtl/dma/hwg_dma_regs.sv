// SPDX-License-Identifier: Apache-2.0
/// Control and status registers of the feature-map DMA behind AXI4-Lite.
///
/// Function:   the registers of hwg_dma_regs.rdl beside this file; starts, interrupts, and for the
///             writer (0) and the reader (1) a description of the tensor and a tally of what happened
/// Timing:     as hwg_axil_slave
/// Parameters: AddrWidth 13 to 64; Transform 0 or 1; the others are what the constant registers tell
/// Notes:      An address without a register answers SLVERR, as does a write to what must stand
///             still while an engine is busy. A tally is cleared when its engine starts. A test holds
///             every register against the description.
`default_nettype none

module hwg_dma_regs #(
  parameter int          AddrWidth = 32,            // bits of a byte address in memory
  parameter logic [31:0] Version   = 32'd0,         // of hwgen: 8 bits major, 8 minor, 16 patch
  parameter logic [31:0] Config    = 32'h0801_C801, // see there
  parameter logic [31:0] Limits    = 32'h0020_1000,
  parameter int          Transform = 0,             // 1: there are the banks of the transforms
  parameter logic [31:0] Kinds     = 32'd0          // what transforms are built, see there
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  // AXI4-Lite
  input  wire logic                   aw_valid_i,
  output logic                        aw_ready_o,
  input  wire logic [8:0]             aw_addr_i,
  input  wire logic                   w_valid_i,
  output logic                        w_ready_o,
  input  wire logic [31:0]            w_data_i,
  input  wire logic [3:0]             w_strb_i,
  output logic                        b_valid_o,
  input  wire logic                   b_ready_i,
  output logic      [1:0]             b_resp_o,
  input  wire logic                   ar_valid_i,
  output logic                        ar_ready_o,
  input  wire logic [8:0]             ar_addr_i,
  output logic                        r_valid_o,
  input  wire logic                   r_ready_i,
  output logic      [31:0]            r_data_o,
  output logic      [1:0]             r_resp_o,
  output logic                        irq_o,
  // engines: writer in the low half, reader in the high one
  output logic      [1:0]             start_o,
  output logic                        fast_o,
  input  wire logic [1:0]             busy_i,
  output logic      [2*AddrWidth-1:0] data_addr_o,
  output logic      [2*AddrWidth-1:0] index_addr_o,
  output logic      [2*32-1:0]        capacity_o,
  output logic      [2*32-1:0]        blocks_o,
  output logic      [2*16-1:0]        slot_o,
  output logic      [1:0]             slotted_o,
  output logic      [2*16-1:0]        height_o,
  output logic      [2*16-1:0]        width_o,
  output logic      [2*16-1:0]        channels_o,
  output logic      [2*13-1:0]        bh_o,
  output logic      [2*13-1:0]        bw_o,
  output logic      [2*13-1:0]        bc_o,
  output logic      [2*4-1:0]         bits_o,
  output logic      [1:0]             signed_o,
  output logic      [1:0]             transformed_o,
  output logic      [1:0]             stored_o,
  output logic      [1:0]             tans_o,
  output logic      [2*4-1:0]         set_o,
  output logic      [2*32-1:0]        key_o,
  output logic      [2*32-1:0]        first_o,
  // tables and weights, one word at a time
  output logic                        table_write_o,
  input  wire logic                   table_known_i, // there is such a word, and it may be written
  output logic      [2:0]             table_kind_o,  // see there
  output logic      [15:0]            table_addr_o,
  output logic      [31:0]            table_data_o,
  // transforms, and the maps before and behind them
  output logic      [2*2-1:0]         kind_o,
  output logic      [1:0]             klt_o,
  output logic      [2*5-1:0]         down_o,
  output logic      [2*5-1:0]         shift_o,
  output logic      [2*48-1:0]        factors_o,
  output logic      [2*16-1:0]        map_height_o,
  output logic      [2*16-1:0]        map_width_o,
  output logic      [2*32-1:0]        lo_o,
  output logic      [2*32-1:0]        hi_o,
  // what happens
  input  wire logic [1:0]             block_i,
  input  wire logic [2*2-1:0]         block_mode_i,
  input  wire logic [1:0]             fault_i,
  input  wire logic [2*4-1:0]         fault_kind_i,
  input  wire logic [2*32-1:0]        fault_number_i,
  input  wire logic [2*11-1:0]        words_i,
  input  wire logic [1:0]             stall_i
);

  if (AddrWidth < 13 || AddrWidth > 64) begin : gen_check_addr
    initial $fatal(1, "hwg_dma_regs: AddrWidth must be 13 to 64");
  end
  if (Transform < 0 || Transform > 1) begin : gen_check_transform
    initial $fatal(1, "hwg_dma_regs: Transform must be 0 or 1");
  end

  localparam logic [31:0] ID = 32'h4846_4D31;  // "HFM1"

  // Words of the head; banks follow at word 16 and 32 (tensors), 48 and 56 (tallies), 64 and 80
  // (transforms).
  localparam logic [6:0] W_ID = 7'd0, W_VERSION = 7'd1, W_CONFIG = 7'd2, W_STATUS = 7'd3;
  localparam logic [6:0] W_CONTROL = 7'd4, W_ENABLE = 7'd5, W_EVENTS = 7'd6, W_MODE = 7'd7;
  localparam logic [6:0] W_TABLE_ADDR = 7'd8, W_TABLE_DATA = 7'd9, W_LIMITS = 7'd10;
  localparam logic [6:0] W_KINDS = 7'd11;

  logic        write, write_known, unused_read;
  logic [6:0]  write_word, read_word;
  logic [31:0] write_data, write_mask, read_data;
  logic [63:0] tensor_data, tally_data, transform_data;
  logic [1:0]  faulty, start, busy_q;
  logic [3:0]  enable_d, enable_q, events_d, events_q;
  logic        fast_d, fast_q;

  hwg_axil_slave #(.AddrWidth(9)) i_slave (
    .clk_i         (clk_i),
    .rst_ni        (rst_ni),
    .aw_valid_i    (aw_valid_i),
    .aw_ready_o    (aw_ready_o),
    .aw_addr_i     (aw_addr_i),
    .w_valid_i     (w_valid_i),
    .w_ready_o     (w_ready_o),
    .w_data_i      (w_data_i),
    .w_strb_i      (w_strb_i),
    .b_valid_o     (b_valid_o),
    .b_ready_i     (b_ready_i),
    .b_resp_o      (b_resp_o),
    .ar_valid_i    (ar_valid_i),
    .ar_ready_o    (ar_ready_o),
    .ar_addr_i     (ar_addr_i),
    .r_valid_o     (r_valid_o),
    .r_ready_i     (r_ready_i),
    .r_data_o      (r_data_o),
    .r_resp_o      (r_resp_o),
    .write_o       (write),
    .write_word_o  (write_word),
    .write_data_o  (write_data),
    .write_mask_o  (write_mask),
    .write_known_i (write_known),
    .read_o        (unused_read),
    .read_word_o   (read_word),
    .read_data_i   (read_data),
    .read_known_i  (known(read_word))
  );

  function automatic logic known(input logic [6:0] word);
    known = (word < 7'd11) || (word >= 7'd16 && word < 7'd30) || (word >= 7'd32 && word < 7'd46)
            || (word >= 7'd48 && word < 7'd64)
            || (Transform != 0 && (word == W_KINDS || (word >= 7'd64 && word < 7'd70)
                                   || (word >= 7'd80 && word < 7'd86)));
  endfunction

  // What an engine works with stands still.
  logic [1:0] start_q;  // a cycle after the write, when the tally is clear
  logic [1:0] working;
  logic       locked;

  assign working     = busy_i | start_q;
  assign locked      = (write_word[6:4] == 3'd1 & working[0]) | (write_word[6:4] == 3'd2 & working[1])
                     | (Transform != 0 & write_word[6:4] == 3'd4 & working[0])
                     | (Transform != 0 & write_word[6:4] == 3'd5 & working[1])
                     | (write_word == W_MODE & working[1])
                     | (write_word == W_TABLE_DATA & ~table_known_i);
  assign write_known = known(write_word) & ~locked;

  // ---- switches and events
  assign start   = {2{write && write_word == W_CONTROL}} & write_data[1:0] & write_mask[1:0]
                 & ~busy_i & ~start_q;
  assign start_o = start_q;
  assign fast_o  = fast_q;
  assign irq_o   = |(events_q & enable_q);

  logic [18:0] table_d, table_q;  // kind and address of the next word

  assign table_write_o = write & write_known & (write_word == W_TABLE_DATA);
  assign {table_kind_o, table_addr_o} = table_q;
  assign table_data_o  = write_data;

  always_comb begin
    enable_d = enable_q;
    fast_d   = fast_q;
    events_d = events_q;
    table_d  = table_write_o ? {table_q[18:16], table_q[15:0] + 16'd1} : table_q;
    if (write && write_word == W_TABLE_ADDR) begin
      table_d = (table_q & ~write_mask[18:0]) | (write_data[18:0] & write_mask[18:0]);
    end
    if (write && write_word == W_ENABLE) begin
      enable_d = (enable_q & ~write_mask[3:0]) | (write_data[3:0] & write_mask[3:0]);
    end
    if (write && write_known && write_word == W_MODE && write_mask[0]) fast_d = write_data[0];
    if (write && write_word == W_EVENTS) events_d = events_q & ~(write_data[3:0] & write_mask[3:0]);
    events_d = events_d | {fault_i, busy_q & ~busy_i};  // an event outlives a clear in its cycle
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      start_q  <= '0;
      busy_q   <= '0;
      enable_q <= '0;
      events_q <= '0;
      fast_q   <= 1'b0;
      table_q  <= '0;
    end else begin
      start_q  <= start;
      busy_q   <= busy_i;
      enable_q <= enable_d;
      events_q <= events_d;
      fast_q   <= fast_d;
      table_q  <= table_d;
    end
  end

  always_comb begin
    case (read_word)
      W_ID:      read_data = ID;
      W_VERSION: read_data = Version;
      W_CONFIG:  read_data = Config;
      W_STATUS:  read_data = {28'd0, faulty, busy_i | start_q};
      W_CONTROL: read_data = '0;
      W_ENABLE:  read_data = {28'd0, enable_q};
      W_EVENTS:  read_data = {28'd0, events_q};
      W_MODE:    read_data = {31'd0, fast_q};
      W_TABLE_ADDR: read_data = {13'd0, table_q};
      W_TABLE_DATA: read_data = '0;
      W_LIMITS:  read_data = Limits;
      default: begin
        case (read_word[6:4])
          3'd1:    read_data = tensor_data[31:0];
          3'd2:    read_data = tensor_data[63:32];
          default: read_data = read_word[3] ? tally_data[63:32] : tally_data[31:0];
        endcase
      end
    endcase
    if (Transform != 0) begin
      if (read_word == W_KINDS) read_data = Kinds;
      if (read_word[6])         read_data = read_word[4] ? transform_data[63:32] : transform_data[31:0];
    end
  end

  // ---- the banks
  for (genvar i = 0; i < 2; i++) begin : gen_engine
    hwg_dma_descriptor #(.AddrWidth(AddrWidth)) i_tensor (
      .clk_i         (clk_i),
      .rst_ni        (rst_ni),
      .write_i       (write & write_known & (write_word[6:4] == 3'(i + 1))),
      .write_word_i  (write_word[3:0]),
      .write_data_i  (write_data),
      .write_mask_i  (write_mask),
      .read_word_i   (read_word[3:0]),
      .read_data_o   (tensor_data[32*i +: 32]),
      .data_addr_o   (data_addr_o[AddrWidth*i +: AddrWidth]),
      .index_addr_o  (index_addr_o[AddrWidth*i +: AddrWidth]),
      .capacity_o    (capacity_o[32*i +: 32]),
      .blocks_o      (blocks_o[32*i +: 32]),
      .slot_o        (slot_o[16*i +: 16]),
      .slotted_o     (slotted_o[i]),
      .height_o      (height_o[16*i +: 16]),
      .width_o       (width_o[16*i +: 16]),
      .channels_o    (channels_o[16*i +: 16]),
      .bh_o          (bh_o[13*i +: 13]),
      .bw_o          (bw_o[13*i +: 13]),
      .bc_o          (bc_o[13*i +: 13]),
      .bits_o        (bits_o[4*i +: 4]),
      .signed_o      (signed_o[i]),
      .transformed_o (transformed_o[i]),
      .stored_o      (stored_o[i]),
      .tans_o        (tans_o[i]),
      .set_o         (set_o[4*i +: 4]),
      .key_o         (key_o[32*i +: 32]),
      .first_o       (first_o[32*i +: 32])
    );

    hwg_dma_status #(.Width(32)) i_tally (
      .clk_i          (clk_i),
      .rst_ni         (rst_ni),
      .clear_i        (start[i]),
      .block_i        (block_i[i]),
      .block_mode_i   (block_mode_i[2*i +: 2]),
      .fault_i        (fault_i[i]),
      .fault_kind_i   (fault_kind_i[4*i +: 4]),
      .fault_number_i (fault_number_i[32*i +: 32]),
      .words_i        (words_i[11*i +: 11]),
      .stall_i        (stall_i[i]),
      .read_word_i    (read_word[2:0]),
      .read_data_o    (tally_data[32*i +: 32]),
      .faulty_o       (faulty[i])
    );
  end

  if (Transform != 0) begin : gen_transform
    for (genvar i = 0; i < 2; i++) begin : gen_way
      hwg_dma_transform #(.Limits(i)) i_transform (
        .clk_i        (clk_i),
        .rst_ni       (rst_ni),
        .write_i      (write & write_known & (write_word[6:4] == 3'(i + 4))),
        .write_word_i (write_word[3:0]),
        .write_data_i (write_data),
        .write_mask_i (write_mask),
        .read_word_i  (read_word[3:0]),
        .read_data_o  (transform_data[32*i +: 32]),
        .kind_o       (kind_o[2*i +: 2]),
        .klt_o        (klt_o[i]),
        .down_o       (down_o[5*i +: 5]),
        .shift_o      (shift_o[5*i +: 5]),
        .factors_o    (factors_o[48*i +: 48]),
        .map_height_o (map_height_o[16*i +: 16]),
        .map_width_o  (map_width_o[16*i +: 16]),
        .lo_o         (lo_o[32*i +: 32]),
        .hi_o         (hi_o[32*i +: 32])
      );
    end
  end else begin : gen_no_transform
    logic unused_transform;

    assign unused_transform = ^Kinds;
    assign transform_data   = '0;
    assign {kind_o, klt_o, down_o, shift_o, factors_o, map_height_o, map_width_o, lo_o, hi_o} = '0;
  end

endmodule

`default_nettype wire
