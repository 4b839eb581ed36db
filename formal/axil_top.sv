// SPDX-License-Identifier: Apache-2.0
// hwg_axil_slave beside its checker, at any master and any register map.
module axil_top #(
  parameter int Wait = 0
) (
  input wire        clk_i,
  input wire        rst_ni,
  input wire        aw_valid_i,
  input wire [5:0]  aw_addr_i,
  input wire        w_valid_i,
  input wire [31:0] w_data_i,
  input wire [3:0]  w_strb_i,
  input wire        b_ready_i,
  input wire        ar_valid_i,
  input wire [5:0]  ar_addr_i,
  input wire        r_ready_i,
  input wire        write_known_i,
  input wire [31:0] read_data_i,
  input wire        read_known_i
);
  wire aw_ready, w_ready, b_valid, ar_ready, r_valid, write, read;
  wire [1:0] b_resp, r_resp;
  wire [31:0] r_data, write_data, write_mask;
  wire [3:0] write_word, read_word, read_ahead;

  hwg_axil_slave #(.AddrWidth(6), .Wait(Wait)) dut (
    .clk_i(clk_i), .rst_ni(rst_ni), .aw_valid_i(aw_valid_i), .aw_ready_o(aw_ready),
    .aw_addr_i(aw_addr_i), .w_valid_i(w_valid_i), .w_ready_o(w_ready), .w_data_i(w_data_i),
    .w_strb_i(w_strb_i), .b_valid_o(b_valid), .b_ready_i(b_ready_i), .b_resp_o(b_resp),
    .ar_valid_i(ar_valid_i), .ar_ready_o(ar_ready), .ar_addr_i(ar_addr_i), .r_valid_o(r_valid),
    .r_ready_i(r_ready_i), .r_data_o(r_data), .r_resp_o(r_resp), .write_o(write),
    .write_word_o(write_word), .write_data_o(write_data), .write_mask_o(write_mask),
    .write_known_i(write_known_i), .read_o(read), .read_word_o(read_word),
    .read_ahead_o(read_ahead), .read_data_i(read_data_i), .read_known_i(read_known_i)
  );
  hwg_axil_check #(.AddrWidth(6)) check (
    .clk_i(clk_i), .rst_ni(rst_ni), .awvalid_i(aw_valid_i), .awready_i(aw_ready),
    .awaddr_i(aw_addr_i), .wvalid_i(w_valid_i), .wready_i(w_ready), .wdata_i(w_data_i),
    .wstrb_i(w_strb_i), .bvalid_i(b_valid), .bready_i(b_ready_i), .bresp_i(b_resp),
    .arvalid_i(ar_valid_i), .arready_i(ar_ready), .araddr_i(ar_addr_i), .rvalid_i(r_valid),
    .rready_i(r_ready_i), .rdata_i(r_data), .rresp_i(r_resp)
  );

  // A write is shown once for every answer, with what was written.
  initial assume (!rst_ni);
  logic       known_q, shown_q;
  logic [1:0] late_q;  // answers to come, and writes shown
  always @(posedge clk_i) begin
    shown_q <= rst_ni & write;
    known_q <= write_known_i;
    if (rst_ni && !$initstate) begin
      if (write) assert (aw_valid_i && w_valid_i && write_word == aw_addr_i[5:2]);
      if (write) assert (write_data == w_data_i);
      assert (write == (aw_valid_i & aw_ready) && write == (w_valid_i & w_ready));
      if (shown_q) assert (b_valid && b_resp == (known_q ? 2'b00 : 2'b10));
    end
  end
endmodule
