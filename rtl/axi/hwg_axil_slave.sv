// SPDX-License-Identifier: Apache-2.0
/// The AXI4-Lite side of a register map: transfers become single writes and reads of 32-bit words.
///
/// Function:   a write shows its word, data and mask for one cycle; a read shows its word, and takes
///             the data that stand there in the same cycle. known_i tells whether there is such a
///             word: if not, the transfer is answered with SLVERR, and data read are 0.
/// Timing:     a write is answered 1 cycle after address and data have both come, a read 1 cycle
///             after its address (Wait 1: 2 cycles, and so often); else one transfer a cycle on each
///             channel
/// Parameters: AddrWidth >= 3; Wait 0 or 1
/// Notes:      A word is addressed by any of its bytes.
`default_nettype none

module hwg_axil_slave #(
  parameter int AddrWidth = 12,  // bits of a byte address
  parameter int Wait      = 0,   // 1: a read takes a cycle more, for maps that are slow to look up
  localparam int WordWidth = AddrWidth - 2
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
  // registers
  output logic                      write_o,
  output logic      [WordWidth-1:0] write_word_o,
  output logic      [31:0]          write_data_o,
  output logic      [31:0]          write_mask_o,
  input  wire logic                 write_known_i,
  output logic                      read_o,
  output logic      [WordWidth-1:0] read_word_o,
  output logic      [WordWidth-1:0] read_ahead_o,  // that of the next cycle, if it is read then
  input  wire logic [31:0]          read_data_i,
  input  wire logic                 read_known_i
);

  if (AddrWidth < 3) begin : gen_check_addr
    initial $fatal(1, "hwg_axil_slave: AddrWidth must be >= 3");
  end

  localparam logic [1:0] OKAY   = 2'b00;
  localparam logic [1:0] SLVERR = 2'b10;

  if (Wait < 0 || Wait > 1) begin : gen_check_wait
    initial $fatal(1, "hwg_axil_slave: Wait must be 0 or 1");
  end

  logic        b_valid_d, b_valid_q, r_valid_d, r_valid_q;
  logic [1:0]  b_resp_q, r_resp_q;
  logic [31:0] r_data_q;
  logic        unused_byte;

  assign unused_byte  = ^{aw_addr_i[1:0], ar_addr_i[1:0]};
  assign write_o      = aw_valid_i & w_valid_i & (~b_valid_q | b_ready_i);
  assign write_word_o = aw_addr_i[AddrWidth-1:2];
  assign write_data_o = w_data_i;
  assign write_mask_o = {{8{w_strb_i[3]}}, {8{w_strb_i[2]}}, {8{w_strb_i[1]}}, {8{w_strb_i[0]}}};
  assign aw_ready_o   = write_o;
  assign w_ready_o    = write_o;
  assign b_valid_o    = b_valid_q;
  assign b_resp_o     = b_resp_q;
  assign b_valid_d    = write_o | (b_valid_q & ~b_ready_i);

  if (Wait == 0) begin : gen_at_once
    assign ar_ready_o  = ~r_valid_q | r_ready_i;
    assign read_o      = ar_valid_i & ar_ready_o;
    assign read_word_o = read_ahead_o;
  end else begin : gen_wait
    logic                 asked_q;
    logic [WordWidth-1:0] word_q;

    assign ar_ready_o  = ~asked_q & (~r_valid_q | r_ready_i);
    assign read_o      = asked_q;
    assign read_word_o = word_q;

    always_ff @(posedge clk_i) begin
      if (!rst_ni) asked_q <= 1'b0;
      else         asked_q <= ar_valid_i & ar_ready_o;
      word_q <= read_ahead_o;
    end
  end
  assign read_ahead_o = ar_addr_i[AddrWidth-1:2];
  assign r_valid_o    = r_valid_q;
  assign r_data_o     = r_data_q;
  assign r_resp_o     = r_resp_q;
  assign r_valid_d    = read_o | (r_valid_q & ~r_ready_i);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      b_valid_q <= 1'b0;
      r_valid_q <= 1'b0;
    end else begin
      b_valid_q <= b_valid_d;
      r_valid_q <= r_valid_d;
    end
  end

  always_ff @(posedge clk_i) begin
    if (write_o) b_resp_q <= write_known_i ? OKAY : SLVERR;
    if (read_o) begin
      r_resp_q <= read_known_i ? OKAY : SLVERR;
      r_data_q <= read_known_i ? read_data_i : 32'd0;
    end
  end

endmodule

`default_nettype wire
