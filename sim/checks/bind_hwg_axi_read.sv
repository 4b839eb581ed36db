// SPDX-License-Identifier: Apache-2.0
// A checker at every AXI4 read master.
bind hwg_axi_read hwg_axi_read_check #(
  .AddrWidth   (AddrWidth),
  .DataWidth   (DataWidth),
  .MaxBurst    (MaxBurst),
  .Outstanding (Outstanding)
) i_check (
  .clk_i     (clk_i),
  .rst_ni    (rst_ni),
  .arvalid_i (m_axi_arvalid_o),
  .arready_i (m_axi_arready_i),
  .araddr_i  (m_axi_araddr_o),
  .arlen_i   (m_axi_arlen_o),
  .arsize_i  (m_axi_arsize_o),
  .arburst_i (m_axi_arburst_o),
  .rvalid_i  (m_axi_rvalid_i),
  .rready_i  (m_axi_rready_o),
  .rdata_i   (m_axi_rdata_i),
  .rresp_i   (m_axi_rresp_i),
  .rlast_i   (m_axi_rlast_i)
);
