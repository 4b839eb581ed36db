// SPDX-License-Identifier: Apache-2.0
// A checker at every AXI4-Lite slave.
bind hwg_axil_slave hwg_axil_check #(.AddrWidth(AddrWidth)) i_check (
  .clk_i     (clk_i),
  .rst_ni    (rst_ni),
  .awvalid_i (aw_valid_i),
  .awready_i (aw_ready_o),
  .awaddr_i  (aw_addr_i),
  .wvalid_i  (w_valid_i),
  .wready_i  (w_ready_o),
  .wdata_i   (w_data_i),
  .wstrb_i   (w_strb_i),
  .bvalid_i  (b_valid_o),
  .bready_i  (b_ready_i),
  .bresp_i   (b_resp_o),
  .arvalid_i (ar_valid_i),
  .arready_i (ar_ready_o),
  .araddr_i  (ar_addr_i),
  .rvalid_i  (r_valid_o),
  .rready_i  (r_ready_i),
  .rdata_i   (r_data_o),
  .rresp_i   (r_resp_o)
);
