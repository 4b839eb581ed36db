// SPDX-License-Identifier: Apache-2.0
/// Keeps the two banks in which blocks of pixels wait, and says where each value goes and comes from.
///
/// Function:   on the way there (Inverse 0) a block is written in scan order (y, x, c) and read patch
///             by patch, as hwg_codec_patch_scan walks; on the way back the other way round. A block is
///             accepted when a bank is free, and read when all of it is written.
/// Timing:     a value a cycle at each of its three ends; one cycle between blocks
/// Parameters: Inverse 0 or 1; Values a power of two >= 16: places of a bank; Groups >= 0
/// Notes:      Three ends: accept_* says where the next value that comes belongs; write_* says the
///             same again when that value has gone through the transform's stages and is written, in
///             the same order; read_* says which place is read next. A block is read when its last
///             value has been written. Each end moves on with its go, which may only be high with its
///             valid.
`default_nettype none

module hwg_codec_blocks #(
  parameter int Inverse = 0,
  parameter int Values  = 4096,
  parameter int Groups  = 8,     // of eight channels
  localparam int AddrWidth  = $clog2(Values),
  localparam int GroupWidth = (Groups > 1) ? $clog2(Groups) : 1
) (
  input  wire logic                  clk_i,
  input  wire logic                  rst_ni,
  input  wire logic [1:0]            kind_i,      // 0 none, 1 Haar2, 2 ICT4, 3 WHT4
  input  wire logic [15:0]           channels_i,  // of the tensor
  // blocks
  input  wire logic                  block_valid_i,
  output logic                       block_ready_o,
  input  wire logic [12:0]           block_h_i,
  input  wire logic [12:0]           block_w_i,
  input  wire logic [12:0]           block_c_i,
  // accepting
  output logic                       accept_valid_o,
  input  wire logic                  accept_go_i,
  output logic                       accept_first_o,
  output logic                       accept_last_o,
  output logic      [GroupWidth-1:0] accept_group_o,  // there
  // writing
  input  wire logic                  write_go_i,
  input  wire logic                  write_last_i,    // there
  output logic      [AddrWidth:0]    write_addr_o,
  output logic                       write_inside_o,
  // reading
  output logic                       read_valid_o,
  input  wire logic                  read_go_i,
  output logic      [AddrWidth:0]    read_addr_o,
  output logic      [GroupWidth-1:0] read_group_o,    // back
  output logic                       read_last_o
);

  if (Values < 16 || (Values & (Values - 1)) != 0) begin : gen_check_values
    initial $fatal(1, "hwg_codec_blocks: Values must be a power of two >= 16");
  end
  if (Groups < 0) begin : gen_check_groups
    initial $fatal(1, "hwg_codec_blocks: Groups must be >= 0");
  end
  if (Inverse < 0 || Inverse > 1) begin : gen_check_inverse
    initial $fatal(1, "hwg_codec_blocks: Inverse must be 0 or 1");
  end

  // ---- blocks that come
  localparam int ABOUT_WIDTH = 12 + 12 + 12 + 12 + 13 + GroupWidth;
  logic                   known, claim;
  logic [11:0]            rows, cols, chans;
  logic [11:0]            stride;
  logic [12:0]            pixels, coefs;
  logic [GroupWidth-1:0]  group;
  logic [ABOUT_WIDTH-1:0] about_q [0:1];
  hwg_codec_extent #(
    .Groups(Groups)
  ) u_extent (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .kind_i      (kind_i),
    .channels_i  (channels_i),
    .in_valid_i  (block_valid_i),
    .in_ready_o  (block_ready_o),
    .in_h_i      (block_h_i),
    .in_w_i      (block_w_i),
    .in_c_i      (block_c_i),
    .out_valid_o (known),
    .out_ready_i (claim),
    .out_rows_o  (rows),
    .out_cols_o  (cols),
    .out_chans_o (chans),
    .out_stride_o(stride),
    .out_pixels_o(pixels),
    .out_coefs_o (coefs),
    .out_group_o (group)
  );

  // ---- banks: claimed, then whole, then free
  logic [1:0] claimed_q, whole_q;
  logic       next_bank_q, write_bank_q, read_bank_q;
  logic       written, read;
  assign claim = known & ~accept_valid_o & ~claimed_q[1];
  assign read  = read_go_i & read_last_o;
  always_ff @(posedge clk_i) begin
    if (claim) about_q[next_bank_q] <= {group, pixels, stride, chans, cols, rows};
    if (!rst_ni) begin
      claimed_q    <= '0;
      whole_q      <= '0;
      next_bank_q  <= 1'b0;
      write_bank_q <= 1'b0;
      read_bank_q  <= 1'b0;
    end else begin
      claimed_q    <= claimed_q + 2'(claim) - 2'(read);
      whole_q      <= whole_q + 2'(written) - 2'(read);
      next_bank_q  <= next_bank_q ^ claim;
      write_bank_q <= write_bank_q ^ written;
      read_bank_q  <= read_bank_q ^ read;
    end
  end

  // ---- the walk in patches, and the one in scan order
  logic                   tiles_start, tiles_go, tiles_valid, tiles_inside, tiles_last;
  logic                   scan_start, scan_go, scan_valid, scan_last;
  logic [AddrWidth-1:0]   tiles_addr, scan_addr;
  logic [GroupWidth-1:0]  scan_group;
  logic [12:0]            scan_count;
  logic [ABOUT_WIDTH-1:0] tiles_about, scan_about;
  hwg_codec_patch_scan #(
    .Values(Values)
  ) u_patch_scan (
    .clk_i   (clk_i),
    .rst_ni  (rst_ni),
    .kind_i  (kind_i),
    .start_i (tiles_start),
    .rows_i  (tiles_about[11:0]),
    .cols_i  (tiles_about[23:12]),
    .chans_i (tiles_about[35:24]),
    .stride_i(tiles_about[47:36]),
    .go_i    (tiles_go),
    .valid_o (tiles_valid),
    .addr_o  (tiles_addr),
    .inside_o(tiles_inside),
    .last_o  (tiles_last)
  );
  hwg_codec_scan #(
    .Values(Values),
    .Groups(Groups)
  ) u_scan (
    .clk_i  (clk_i),
    .rst_ni (rst_ni),
    .start_i(scan_start),
    .count_i(scan_count),
    .chans_i(scan_about[35:24]),
    .group_i(scan_about[61 +: GroupWidth]),
    .go_i   (scan_go),
    .valid_o(scan_valid),
    .addr_o (scan_addr),
    .group_o(scan_group),
    .last_o (scan_last)
  );
  logic unused_about;
  assign unused_about = ^{tiles_about, scan_about};

  if (Inverse == 0) begin : gen_there
    logic [AddrWidth-1:0] place_q;
    logic                 unused;
    assign unused         = ^{coefs, scan_addr, tiles_inside};
    // A block is counted from the moment of its claim: its size comes past the bank's register.
    assign scan_about     = about_q[~next_bank_q];
    assign scan_count     = pixels;
    assign scan_start     = claim;
    assign scan_go        = accept_go_i;
    assign accept_valid_o = scan_valid;
    assign accept_first_o = scan_addr == '0;
    assign accept_last_o  = scan_last;
    assign accept_group_o = scan_group;
    assign written        = write_go_i & write_last_i;
    assign write_addr_o   = {write_bank_q, place_q};
    assign write_inside_o = 1'b1;
    assign tiles_about    = about_q[read_bank_q];
    assign tiles_start    = (whole_q != '0) & ~tiles_valid;
    assign tiles_go       = read_go_i;
    assign read_valid_o   = tiles_valid;
    assign read_addr_o    = {read_bank_q, tiles_addr};
    assign read_group_o   = '0;
    assign read_last_o    = tiles_last;
    always_ff @(posedge clk_i) begin
      if (!rst_ni) place_q <= '0;
      else if (write_go_i) place_q <= written ? '0 : place_q + AddrWidth'(1);
    end
  end else begin : gen_back
    logic [11:0] left_q;  // behind this one
    logic        unused;
    assign unused         = ^{pixels, write_last_i, scan_about};
    assign accept_last_o  = left_q == '0;
    assign accept_group_o = '0;
    assign tiles_about    = about_q[write_bank_q];
    assign tiles_start    = (claimed_q != whole_q) & ~tiles_valid;
    assign tiles_go       = write_go_i;
    assign written        = write_go_i & tiles_last;
    assign write_addr_o   = {write_bank_q, tiles_addr};
    assign write_inside_o = tiles_inside;
    assign scan_about     = about_q[read_bank_q];
    assign scan_count     = scan_about[60:48];
    assign scan_start     = (whole_q != '0) & ~scan_valid;
    assign scan_go        = read_go_i;
    assign read_valid_o   = scan_valid;
    assign read_addr_o    = {read_bank_q, scan_addr};
    assign read_group_o   = scan_group;
    assign read_last_o    = scan_last;
    always_ff @(posedge clk_i) begin
      if (claim) begin
        left_q         <= 12'(coefs - 13'd1);
        accept_first_o <= 1'b1;
      end else if (accept_go_i) begin
        left_q         <= left_q - 12'd1;
        accept_first_o <= 1'b0;
      end
      if (!rst_ni)                           accept_valid_o <= 1'b0;
      else if (claim)                        accept_valid_o <= 1'b1;
      else if (accept_go_i && accept_last_o) accept_valid_o <= 1'b0;
    end
`ifdef HWG_ASSERT
    always @(posedge clk_i) begin
      if (rst_ni && write_go_i) assert (tiles_valid);
    end
`endif
  end

endmodule

`default_nettype wire
