// SPDX-License-Identifier: Apache-2.0
/// Multiplies vectors of eight channels by a matrix, a row a cycle.
///
/// Function:   value i = clip((sum_j w_ij x_j + bias_i) >> 7, to 16 signed bits), i = 0 to 7. With
///             bias_i = 64 - sum_j M_ij mean_j that is the KLT-8, with the transposed matrix and
///             bias_j = 64 + 128 mean_j its way back. Equal to hwgen.codec.transform.Transform.
/// Timing:     a vector every 8 cycles; latency 6; never stalls
/// Parameters: Groups a power of two, of eight channels
/// Notes:      Row i of group g is word 8g + i of a memory: {bias 27, w_i7, ..., w_i0 8 each}, as
///             hwgen.codec.memory_images.klt_rom gives it.
`default_nettype none

module hwg_codec_klt8 #(
  parameter int Groups = 8,  // of eight channels
  localparam int GroupWidth = (Groups > 1) ? $clog2(Groups) : 1
) (
  input  wire logic                  clk_i,
  input  wire logic                  rst_ni,
  // matrices
  input  wire logic                  row_write_i,
  input  wire logic [GroupWidth+2:0] row_addr_i,
  input  wire logic [90:0]           row_data_i,
  // vectors
  input  wire logic                  in_valid_i,
  output logic                       in_ready_o,
  input  wire logic [GroupWidth-1:0] in_group_i,
  input  wire logic [127:0]          in_data_i,   // eight values of 16 bits, the first one lowest
  // values
  output logic                       out_valid_o,
  output logic      [15:0]           out_value_o
);

  if (Groups < 1 || (Groups & (Groups - 1)) != 0) begin : gen_check_groups
    initial $fatal(1, "hwg_codec_klt8: Groups must be a power of two");
  end

  // ---- a row for each cycle of a vector
  logic                  busy_d, busy_q, load;
  logic [2:0]            row_q;
  logic [GroupWidth-1:0] group_q;
  logic [127:0]          vector_q, vector_1_q, vector_2_q;
  logic [90:0]           row, row_2_q;  // a register behind the memory, in front of the products
  assign in_ready_o = ~busy_q | (&row_q);
  assign load       = in_valid_i & in_ready_o;
  assign busy_d     = load | (busy_q & ~(&row_q));
  hwg_codec_table #(
    .Width(91),
    .Depth(8 << GroupWidth)
  ) u_rows (
    .clk_i       (clk_i),
    .write_i     (row_write_i),
    .write_addr_i(row_addr_i),
    .write_data_i(row_data_i),
    .addr_i      ({group_q, row_q}),
    .data_o      (row)
  );
  always_ff @(posedge clk_i) begin
    vector_1_q <= vector_q;
    vector_2_q <= vector_1_q;
    row_2_q    <= row;
    if (load) begin
      group_q  <= in_group_i;
      vector_q <= in_data_i;
    end
    if (!rst_ni) begin
      busy_q <= 1'b0;
      row_q  <= '0;
    end else begin
      busy_q <= busy_d;
      if (busy_q) row_q <= row_q + 3'd1;
    end
  end

  // ---- eight products, and their sum in three steps
  logic signed [23:0] products_q [0:7];
  logic signed [26:0] bias_1_q, bias_2_q;
  logic signed [25:0] sums_q [0:1];
  logic signed [27:0] sum;
  logic [15:0]        value;
  for (genvar j = 0; j < 8; j++) begin : gen_product
    logic signed [15:0] x;
    logic signed [7:0]  w;
    assign x = vector_2_q[16*j +: 16];
    assign w = row_2_q[8*j +: 8];
    always_ff @(posedge clk_i) products_q[j] <= 24'(x) * 24'(w);
  end
  assign sum = 28'(sums_q[0]) + 28'(sums_q[1]) + 28'(bias_2_q);
  logic [20:0] whole;
  assign whole = sum[27:7];
  logic unused_sum;
  assign unused_sum = ^sum[6:0];
  hwg_codec_round #(
    .InWidth (21),
    .Shift   (0),
    .OutWidth(16)
  ) u_clip (
    .data_i(whole),
    .data_o(value)
  );
  always_ff @(posedge clk_i) begin
    bias_1_q    <= row_2_q[90:64];
    bias_2_q    <= bias_1_q;
    sums_q[0]   <= (26'(products_q[0]) + 26'(products_q[1]))
                 + (26'(products_q[2]) + 26'(products_q[3]));
    sums_q[1]   <= (26'(products_q[4]) + 26'(products_q[5]))
                 + (26'(products_q[6]) + 26'(products_q[7]));
    out_value_o <= value;
  end
  hwg_valid #(
    .Cycles(5)
  ) u_valid (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .valid_i(busy_q),
    .valid_o(out_valid_o)
  );

endmodule

`default_nettype wire
