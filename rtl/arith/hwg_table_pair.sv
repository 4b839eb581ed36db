// SPDX-License-Identifier: Apache-2.0
/// Looks up two bits that one address tells.
///
/// Function:   data_o = {High[address_i], Low[address_i]}
///             equal to two bits of hwgen.logic.nodes.Table
/// Timing:     combinational
/// Parameters: 1 to 5 address bits; Low and High have the bits of address 0 in bit 0.
/// Notes:      With HWG_AMD_PRIMITIVES it is one look-up table with both of its outputs, O5 and O6; open
///             synthesis never puts two functions into one table by itself.
`default_nettype none

module hwg_table_pair #(
  parameter int                 Bits = 5,  // of the address
  parameter logic [2**Bits-1:0] Low  = '0, // the lower bit of every address
  parameter logic [2**Bits-1:0] High = '0  // the upper bit of every address
) (
  input  wire logic [Bits-1:0] address_i,
  output logic      [1:0]      data_o
);

  if (Bits < 1 || Bits > 5) begin : gen_check_bits
    initial $fatal(1, "hwg_table_pair: Bits must be 1 to 5");
  end

`ifdef HWG_AMD_PRIMITIVES
  localparam int REPEATS = 2 ** (5 - Bits);  // address bits that are not there change nothing

  logic [4:0] address;
  assign address = 5'(address_i);
  LUT6_2 #(.INIT({{REPEATS{High}}, {REPEATS{Low}}})) u_lut (
    .I0(address[0]), .I1(address[1]), .I2(address[2]), .I3(address[3]), .I4(address[4]), .I5(1'b1),
    .O5(data_o[0]), .O6(data_o[1])
  );
`else
  assign data_o = {High[address_i], Low[address_i]};
`endif

endmodule

`default_nettype wire
