// SPDX-License-Identifier: Apache-2.0
/// Control and status registers of an IP core behind AXI4-Lite.
///
/// Function:   the registers of hwg_axil_regs.rdl beside this file, one 32-bit word each: what the core
///             is (constants), its switches, its state, and two counters of 64 bits. Reading the low
///             word of a counter holds its high word for the next read.
/// Timing:     that of hwg_axil_slave: a write answers 1 cycle after address and data have both come,
///             a read 1 cycle after its address; one transfer a cycle on each channel
/// Parameters: AddrWidth >= 6; the others are the words that the constant registers give
/// Notes:      An address without a register answers SLVERR. A write to a register that cannot be
///             written is ignored and answers OKAY. A test holds every register against the description.
`default_nettype none

module hwg_axil_regs #(
  parameter int          AddrWidth = 12,     // bits of an address
  parameter logic [31:0] Version   = 32'd0,  // of hwgen: 8 bits major, 8 minor, 16 patch
  parameter logic [31:0] DigestHi  = 32'd0,  // first 64 bits of the model's digest
  parameter logic [31:0] DigestLo  = 32'd0,
  parameter logic [31:0] Latency   = 32'd0,  // cycles
  parameter logic [31:0] Interval  = 32'd0,  // cycles
  parameter logic [31:0] Clock     = 32'd0,  // planned for, kHz
  parameter logic [31:0] Ports     = 32'd0   // 8 bits outputs, 8 inputs, 16 stream data width
) (
  input  wire logic                 clk_i,
  input  wire logic                 rst_ni,
  // AXI4-Lite
  input  wire logic                 aw_valid_i,
  output logic                      aw_ready_o,
  input  wire logic [AddrWidth-1:0] aw_addr_i,
  input  wire logic                 w_valid_i,
  output logic                      w_ready_o,
  input  wire logic [31:0]          w_data_i,
  input  wire logic [3:0]           w_strb_i,
  output logic                      b_valid_o,
  input  wire logic                 b_ready_i,
  output logic      [1:0]           b_resp_o,
  input  wire logic                 ar_valid_i,
  output logic                      ar_ready_o,
  input  wire logic [AddrWidth-1:0] ar_addr_i,
  output logic                      r_valid_o,
  input  wire logic                 r_ready_i,
  output logic      [31:0]          r_data_o,
  output logic      [1:0]           r_resp_o,
  // core
  output logic                      enable_o,
  output logic                      reset_o,
  output logic      [31:0]          batch_o,
  input  wire logic                 frame_error_i,
  input  wire logic                 frame_open_i,
  input  wire logic                 result_waiting_i,
  input  wire logic                 sample_in_i,   // high for one cycle a sample
  input  wire logic                 sample_out_i
);

  if (AddrWidth < 6) begin : gen_check_addr
    initial $fatal(1, "hwg_axil_regs: AddrWidth must be >= 6");
  end

  localparam logic [31:0] ID = 32'h48574731;  // "HWG1": the 1 counts changes of this map

  // words, by address / 4
  localparam logic [3:0] W_ID = 4'd0, W_VERSION = 4'd1, W_DIGEST_HI = 4'd2, W_DIGEST_LO = 4'd3;
  localparam logic [3:0] W_LATENCY = 4'd4, W_INTERVAL = 4'd5, W_CLOCK = 4'd6, W_PORTS = 4'd7;
  localparam logic [3:0] W_CONTROL = 4'd8, W_STATUS = 4'd9, W_BATCH = 4'd10, W_SCRATCH = 4'd11;
  localparam logic [3:0] W_IN_LO = 4'd12, W_IN_HI = 4'd13, W_OUT_LO = 4'd14, W_OUT_HI = 4'd15;

  localparam int WORD_WIDTH = AddrWidth - 2;

  logic                  write, read, write_known, read_known;
  logic [WORD_WIDTH-1:0] write_word, read_word;
  logic [3:0]            write_place, read_place;  // of a register
  logic [31:0]           write_data, mask, word;

  logic [AddrWidth-3:0] unused_ahead;

  hwg_axil_slave #(.AddrWidth(AddrWidth)) u_slave (
    .clk_i        (clk_i),
    .rst_ni       (rst_ni),
    .aw_valid_i   (aw_valid_i),
    .aw_ready_o   (aw_ready_o),
    .aw_addr_i    (aw_addr_i),
    .w_valid_i    (w_valid_i),
    .w_ready_o    (w_ready_o),
    .w_data_i     (w_data_i),
    .w_strb_i     (w_strb_i),
    .b_valid_o    (b_valid_o),
    .b_ready_i    (b_ready_i),
    .b_resp_o     (b_resp_o),
    .ar_valid_i   (ar_valid_i),
    .ar_ready_o   (ar_ready_o),
    .ar_addr_i    (ar_addr_i),
    .r_valid_o    (r_valid_o),
    .r_ready_i    (r_ready_i),
    .r_data_o     (r_data_o),
    .r_resp_o     (r_resp_o),
    .write_o      (write),
    .write_word_o (write_word),
    .write_data_o (write_data),
    .write_mask_o (mask),
    .write_known_i(write_known),
    .read_o       (read),
    .read_word_o  (read_word),
    .read_ahead_o  (unused_ahead),
    .read_data_i  (word),
    .read_known_i (read_known)
  );

  assign write_place = write_word[3:0];
  assign read_place  = read_word[3:0];
  if (AddrWidth > 6) begin : gen_beyond
    assign write_known = write_word[WORD_WIDTH-1:4] == '0;
    assign read_known  = read_word[WORD_WIDTH-1:4] == '0;
  end else begin : gen_all
    assign write_known = 1'b1;
    assign read_known  = 1'b1;
  end

  // switches
  logic [1:0]  control_d, control_q, control_new;  // reset, enable
  logic [31:0] batch_d, batch_q, scratch_d, scratch_q;
  logic        clear, clear_new;

  assign control_new = (control_q & ~mask[1:0]) | (write_data[1:0] & mask[1:0]);
  assign clear_new   = write_data[2] & mask[2];

  assign enable_o = control_q[0];
  assign reset_o  = control_q[1];
  assign batch_o  = batch_q;

  always_comb begin
    control_d = control_q;
    batch_d   = batch_q;
    scratch_d = scratch_q;
    clear     = 1'b0;
    if (write && write_known) begin
      case (write_place)
        W_CONTROL: begin
          control_d = control_new;
          clear     = clear_new;
        end
        W_BATCH:   batch_d = (batch_q & ~mask) | (write_data & mask);
        W_SCRATCH: scratch_d = (scratch_q & ~mask) | (write_data & mask);
        default:   ;
      endcase
    end
  end

  // counters
  logic [63:0] in_d, in_q, out_d, out_q;
  logic [31:0] in_lo, out_lo;
  logic [31:0] in_hi_q, out_hi_q;  // as they were when the low words were read

  assign in_lo  = in_q[31:0];
  assign out_lo = out_q[31:0];

  always_comb begin
    in_d  = in_q + 64'(sample_in_i);
    out_d = out_q + 64'(sample_out_i);
    if (clear) begin
      in_d  = '0;
      out_d = '0;
    end
  end

  always_comb begin
    word = '0;
    case (read_place)
      W_ID:        word = ID;
      W_VERSION:   word = Version;
      W_DIGEST_HI: word = DigestHi;
      W_DIGEST_LO: word = DigestLo;
      W_LATENCY:   word = Latency;
      W_INTERVAL:  word = Interval;
      W_CLOCK:     word = Clock;
      W_PORTS:     word = Ports;
      W_CONTROL:   word = {30'd0, control_q};
      W_STATUS:    word = {29'd0, result_waiting_i, frame_open_i, frame_error_i};
      W_BATCH:     word = batch_q;
      W_SCRATCH:   word = scratch_q;
      W_IN_LO:     word = in_lo;
      W_IN_HI:     word = in_hi_q;
      W_OUT_LO:    word = out_lo;
      W_OUT_HI:    word = out_hi_q;
      default:     word = '0;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      control_q <= 2'b01;
      batch_q   <= 32'd1;
      scratch_q <= '0;
      in_q      <= '0;
      out_q     <= '0;
      in_hi_q   <= '0;
      out_hi_q  <= '0;
    end else begin
      control_q <= control_d;
      batch_q   <= batch_d;
      scratch_q <= scratch_d;
      in_q      <= in_d;
      out_q     <= out_d;
      if (read && read_known && read_place == W_IN_LO)  in_hi_q  <= in_q[63:32];
      if (read && read_known && read_place == W_OUT_LO) out_hi_q <= out_q[63:32];
    end
  end

endmodule

`default_nettype wire
