// SPDX-License-Identifier: Apache-2.0
/// Window generator: every window of a map, for convolution and pooling. A row alone is H = 1. The file is
/// long because: a third of it is this header, the ports and the checks of twenty parameters.
///
/// Function:   a map of H * W pixels comes row by row, each pixel as CF groups of channels. For every
///             output pixel (i, j) and every group leaves
///               out[ky*KernelW + kx] = in[i*StrideH + ky*DilationH - PadTop]
///                                        [j*StrideW + kx*DilationW - PadLeft],
///             and Pad where that lies outside of the map; tap 0 is in the lowest Width bits
/// Timing:     interval exactly H*W*CF cycles a frame, frames back to back, at any padding and stride
///             (with TapByTap, KernelH*KernelW cycles a window, if that is more); latency 1 from the
///             last pixel that a window sees. Its lag is ((KernelH-1)*DilationH - PadTop) rows and
///             ((KernelW-1)*DilationW - PadLeft) pixels. Ready is combinational in out_ready_i. No
///             window waits for a pixel of the next frame.
/// Parameters: all sizes >= 1, pads >= 0. The map must not grow: the pads of a side pair add up to at
///             most (Kernel - 1) * Dilation. A kernel may reach beyond the map, but the lag must stay
///             below H rows and within W pixels: leave out taps that never meet the map.
///             RowRam, ColumnRam 0: registers, 1: distributed RAM, 2: block RAM.
///             Border = 1 adds, above the taps, KernelH bits and then KernelW bits: the rows and the
///             columns of taps that are outside. TapByTap = 1 sends one tap a cycle (Border = 0).
/// Notes:      Pixels run through delay lines of rows, and their columns through lines of columns, as one
///             endless row. Two walkers step through them. The load takes a pixel a step. Behind a frame
///             the flush walks over what is below and beside the map, PadBottom rows and PadRight pixels,
///             and its last windows leave; the load takes the next frame meanwhile, never ahead of it.
///             A line belongs to the flush until it holds no more pixels of that frame there, then to the
///             load. A step is held back only by a window that has not been taken where another is due.
///             The handshake rules are in docs/links.md.
`default_nettype none

module hwg_window #(
  parameter int W         = 8,  // pixels of a row
  parameter int H         = 8,  // rows
  parameter int CF        = 1,  // groups of channels
  parameter int Width     = 8,  // bits of a group
  parameter int KernelH   = 3,
  parameter int KernelW   = 3,
  parameter int StrideH   = 1,
  parameter int StrideW   = 1,
  parameter int DilationH = 1,
  parameter int DilationW = 1,
  parameter int PadTop    = 1,
  parameter int PadLeft   = 1,
  parameter int PadBottom = 1,
  parameter int PadRight  = 1,
  parameter int RowRam    = 1,
  parameter int ColumnRam = 1,
  parameter int Border    = 0,
  parameter int TapByTap  = 0,
  parameter logic [Width-1:0] Pad = '0,  // a group of channels outside of the map
  localparam int TAPS       = KernelH * KernelW,
  localparam int EDGE       = (Border != 0) ? KernelH + KernelW : 0,
  localparam int WORD_WIDTH = TAPS * Width + EDGE,
  localparam int OUT_WIDTH  = (TapByTap != 0) ? Width : WORD_WIDTH
) (
  input  wire logic                 clk_i,
  input  wire logic                 rst_ni,
  // in
  input  wire logic                 in_valid_i,
  output logic                      in_ready_o,
  input  wire logic [Width-1:0]     in_data_i,
  // out
  output logic                      out_valid_o,
  input  wire logic                 out_ready_i,
  output logic      [OUT_WIDTH-1:0] out_data_o
);

  if (W < 1 || H < 1 || CF < 1 || Width < 1) begin : gen_check_map
    initial $fatal(1, "hwg_window: W, H, CF and Width must be >= 1");
  end
  if (KernelH < 1 || KernelW < 1) begin : gen_check_kernel
    initial $fatal(1, "hwg_window: KernelH and KernelW must be >= 1");
  end
  if (StrideH < 1 || StrideW < 1) begin : gen_check_stride
    initial $fatal(1, "hwg_window: StrideH and StrideW must be >= 1");
  end
  if (DilationH < 1 || DilationW < 1) begin : gen_check_dilation
    initial $fatal(1, "hwg_window: DilationH and DilationW must be >= 1");
  end
  if (PadTop < 0 || PadLeft < 0 || PadBottom < 0 || PadRight < 0) begin : gen_check_pads
    initial $fatal(1, "hwg_window: pads must be >= 0");
  end
  if (RowRam < 0 || RowRam > 2 || ColumnRam < 0 || ColumnRam > 2) begin : gen_check_ram
    initial $fatal(1, "hwg_window: RowRam and ColumnRam must be 0, 1 or 2");
  end
  if (Border < 0 || Border > 1 || TapByTap < 0 || TapByTap > 1 ||
      (Border != 0 && TapByTap != 0)) begin : gen_check_flags
    initial $fatal(1, "hwg_window: Border and TapByTap must be 0 or 1, and not both 1");
  end

  // Windows of all output pixels before the stride picks: OUT_H rows of OUT_W. Window (i, j) leaves
  // with the pixel LAG_H rows and LAG_W pixels behind (i, j), in an endless row.
  localparam int LAG_H = (KernelH - 1) * DilationH - PadTop;
  localparam int LAG_W = (KernelW - 1) * DilationW - PadLeft;
  localparam int OUT_H = H - LAG_H + PadBottom;
  localparam int OUT_W = W - LAG_W + PadRight;
  if (PadBottom > LAG_H || PadRight > LAG_W || LAG_H >= H || LAG_W > W) begin : gen_check_lag
    initial $fatal(1, "hwg_window: the map must not grow, nor the kernel lag more than a map behind");
  end
  if (OUT_H < 1 || OUT_W < 1) begin : gen_check_out
    initial $fatal(1, "hwg_window: the kernel does not fit into the padded map");
  end

  localparam int G_WIDTH  = (CF > 1) ? $clog2(CF) : 1;
  localparam int X_WIDTH  = $clog2(W + 1);
  localparam int Y_WIDTH  = $clog2(H + 1);
  localparam int SJ_WIDTH = (StrideW > 1) ? $clog2(StrideW) : 1;
  localparam int SI_WIDTH = (StrideH > 1) ? $clog2(StrideH) : 1;

  // -- Walkers: with a step of the load a group of a pixel comes in; with one of the flush none does.
  logic load, flush;
  logic due, keep, room, valid_q;
  logic ready;               // of what takes the windows
  logic tail_q, tail_d;      // the flush is on its way: windows of the frame before are still to come
  logic level;               // it stands where the load does
  logic frame_last;          // the load completes a frame

  logic [X_WIDTH-1:0] x_q;   // of the pixel that comes next
  logic [Y_WIDTH-1:0] y_q;
  logic [X_WIDTH-1:0] tail_x_q, tail_x_d;  // of the flush, counted from the end of its frame
  logic [Y_WIDTH-1:0] tail_y_q, tail_y_d;
  logic               group_last, tail_group_last;  // the step of a walker completes a pixel
  logic               x_last, y_last;

  assign x_last     = x_q == X_WIDTH'(W - 1);
  assign y_last     = y_q == Y_WIDTH'(H - 1);
  assign frame_last = load & x_last & y_last & group_last;
  assign in_ready_o = room | (tail_q & ~level);
  assign load       = in_valid_i & in_ready_o;
  assign flush      = tail_q & room;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      x_q <= '0;
      y_q <= '0;
    end else if (load && group_last) begin
      x_q <= x_last ? '0 : x_q + X_WIDTH'(1);
      if (x_last) y_q <= y_last ? '0 : y_q + Y_WIDTH'(1);
    end
  end

  logic group_level;
  if (CF > 1) begin : gen_groups
    logic [G_WIDTH-1:0] g_q, tail_g_q;
    assign group_last      = g_q == G_WIDTH'(CF - 1);
    assign tail_group_last = tail_g_q == G_WIDTH'(CF - 1);
    assign group_level     = g_q == tail_g_q;
    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        g_q      <= '0;
        tail_g_q <= '0;
      end else begin
        if (load)  g_q      <= group_last ? '0 : g_q + G_WIDTH'(1);
        if (flush) tail_g_q <= tail_group_last ? '0 : tail_g_q + G_WIDTH'(1);
      end
    end
  end else begin : gen_one_group
    assign group_last      = 1'b1;
    assign tail_group_last = 1'b1;
    assign group_level     = 1'b1;
  end

  // -- The tail of a frame: PadBottom rows and PadRight pixels behind its last pixel.
  logic below_q, below_d;  // the flush is in those rows, else in those pixels
  logic unused_below;      // a kernel of one row, or column, asks for less
  assign unused_below = ^{below_d, tail_x_d, tail_y_d};
  if (PadBottom != 0 || PadRight != 0) begin : gen_tail
    localparam int TAIL_X = (PadRight != 0) ? PadRight - 1 : W - 1;
    localparam int TAIL_Y = (PadRight != 0) ? PadBottom : PadBottom - 1;
    logic tail_last, tail_x_last;
    assign level       = group_level && x_q == tail_x_q && y_q == tail_y_q;
    assign tail_x_last = tail_x_q == X_WIDTH'(W - 1);
    assign tail_last   = tail_x_q == X_WIDTH'(TAIL_X) && tail_y_q == Y_WIDTH'(TAIL_Y);
    always_comb begin
      tail_d   = tail_q;
      tail_x_d = tail_x_q;
      tail_y_d = tail_y_q;
      if (flush && tail_group_last) begin
        tail_x_d = tail_x_last ? '0 : tail_x_q + X_WIDTH'(1);
        if (tail_x_last) tail_y_d = tail_y_q + Y_WIDTH'(1);
        if (tail_last) tail_d = 1'b0;
      end
      if (frame_last) begin
        tail_d   = 1'b1;
        tail_x_d = '0;
        tail_y_d = '0;
      end
    end
    always_ff @(posedge clk_i) begin
      if (!rst_ni) tail_q <= 1'b0;
      else         tail_q <= tail_d;
    end
    always_ff @(posedge clk_i) begin
      tail_x_q <= tail_x_d;
      tail_y_q <= tail_y_d;
    end
    if (PadBottom == 0) begin : gen_beside
      assign below_q = 1'b0;
      assign below_d = 1'b0;
    end else if (PadRight == 0) begin : gen_below
      assign below_q = tail_q;
      assign below_d = tail_d;
    end else begin : gen_both
      assign below_q = tail_q && tail_y_q != Y_WIDTH'(PadBottom);
      assign below_d = tail_d && tail_y_d != Y_WIDTH'(PadBottom);
    end
  end else begin : gen_no_tail
    logic unused_tail;
    assign level       = 1'b0;
    assign tail_d      = 1'b0;
    assign tail_q      = tail_d;
    assign tail_x_d    = '0;
    assign tail_y_d    = '0;
    assign tail_x_q    = tail_x_d;
    assign tail_y_q    = tail_y_d;
    assign below_q     = 1'b0;
    assign below_d     = 1'b0;
    assign unused_tail = ^{frame_last, flush, group_level, tail_group_last, tail_x_q, tail_y_q};
  end

  // -- Windows: one is due in this step where all that it sees has come, or is outside of the map.
  // The last PadRight windows of a row leave with the first pixels of the next.
  logic row_due, row_before_due;  // windows of this row, of the one before
  logic x_inside, x_wraps, tail_x_inside, tail_x_wraps;

  if (LAG_H == 0) begin : gen_rows_at_once
    assign row_due        = 1'b1;
    assign row_before_due = y_q != '0;
  end else begin : gen_rows_later
    assign row_due        = y_q >= Y_WIDTH'(LAG_H);
    assign row_before_due = y_q > Y_WIDTH'(LAG_H);
  end
  if (LAG_W == 0) begin : gen_columns_at_once
    assign x_inside      = 1'b1;
    assign tail_x_inside = 1'b1;
  end else begin : gen_columns_later
    assign x_inside      = x_q >= X_WIDTH'(LAG_W);
    assign tail_x_inside = tail_x_q >= X_WIDTH'(LAG_W);
  end
  if (PadRight == 0) begin : gen_no_wrap
    logic unused_wrap;
    assign x_wraps      = 1'b0;
    assign tail_x_wraps = 1'b0;
    assign unused_wrap  = row_before_due;
  end else begin : gen_wrap
    assign x_wraps      = x_q < X_WIDTH'(PadRight);
    assign tail_x_wraps = tail_x_q < X_WIDTH'(PadRight);
  end
  assign due = tail_q ? (tail_x_wraps | (tail_x_inside & below_q))
                      : ((x_wraps & row_before_due) | (x_inside & row_due));
  assign room = ~(due & keep) | ~valid_q | ready;

  logic [Y_WIDTH-1:0] i_q;  // of the window that is due next
  logic [X_WIDTH-1:0] j_q;
  logic               i_last, j_last, keep_i, keep_j, counted;
  assign j_last  = j_q == X_WIDTH'(OUT_W - 1);
  assign i_last  = i_q == Y_WIDTH'(OUT_H - 1);
  assign keep    = keep_i & keep_j;
  assign counted = due & (tail_q ? flush & tail_group_last : load & group_last);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      i_q <= '0;
      j_q <= '0;
    end else if (counted) begin
      j_q <= j_last ? '0 : j_q + X_WIDTH'(1);
      if (j_last) i_q <= i_last ? '0 : i_q + Y_WIDTH'(1);
    end
  end
  if (StrideW > 1) begin : gen_stride_w
    logic [SJ_WIDTH-1:0] skip_q;
    assign keep_j = skip_q == '0;
    always_ff @(posedge clk_i) begin
      if (!rst_ni) skip_q <= '0;
      else if (counted) begin
        skip_q <= (j_last || skip_q == SJ_WIDTH'(StrideW - 1)) ? '0 : skip_q + SJ_WIDTH'(1);
      end
    end
  end else begin : gen_every_column
    assign keep_j = 1'b1;
  end
  if (StrideH > 1) begin : gen_stride_h
    logic [SI_WIDTH-1:0] skip_q;
    assign keep_i = skip_q == '0;
    always_ff @(posedge clk_i) begin
      if (!rst_ni) skip_q <= '0;
      else if (counted && j_last) begin
        skip_q <= (i_last || skip_q == SI_WIDTH'(StrideH - 1)) ? '0 : skip_q + SI_WIDTH'(1);
      end
    end
  end else begin : gen_every_row
    assign keep_i = 1'b1;
  end

  // -- Delay lines: column[k] is what lies in row ky = k of the window, newest pixels. Row m of the lines
  // is m + 1 rows of taps up: it is the flush's to read in tail rows below (m+1)*DilationH, as there it
  // still holds the frame before, and to write in those below m*DilationH; else it is the load's.
  logic [KernelH*Width-1:0]         column;
  logic [KernelH*KernelW*Width-1:0] taps;    // ky * KernelW + kx
  if (KernelH > 1) begin : gen_rows
    localparam int ROWS = KernelH - 1;
    logic [ROWS*Width-1:0] above;
    logic [ROWS-1:0]       load_writes, flush_writes, flush_reads;
    for (genvar m = 0; m < ROWS; m++) begin : gen_row
      localparam int OWN = m * DilationH;  // rows in which the flush writes it
      assign column[m*Width +: Width] = above[(KernelH-2-m)*Width +: Width];
      if (OWN == 0) begin : gen_pixels
        assign load_writes[m]  = 1'b1;
        assign flush_writes[m] = 1'b0;
      end else begin : gen_above
        if (OWN >= H) begin : gen_beyond
          assign load_writes[m] = 1'b0;
        end else begin : gen_later
          assign load_writes[m] = y_q >= Y_WIDTH'(OWN);
        end
        if (OWN >= PadBottom) begin : gen_all_rows
          assign flush_writes[m] = below_q;
        end else begin : gen_some_rows
          assign flush_writes[m] = below_q && tail_y_q < Y_WIDTH'(OWN);
        end
      end
      if (OWN + DilationH >= PadBottom) begin : gen_read_all
        assign flush_reads[m] = below_d;
      end else begin : gen_read_some
        assign flush_reads[m] = below_d && tail_y_d < Y_WIDTH'(OWN + DilationH);
      end
    end
    assign column[(KernelH-1)*Width +: Width] = in_data_i;
    hwg_tap_lines #(
      .Width(Width), .Lines(ROWS), .Depth(DilationH*W*CF), .RamStyle(RowRam)
    ) u_rows (
      .clk_i(clk_i), .rst_ni(rst_ni), .load_i(load), .flush_i(flush), .start_i(frame_last),
      .load_writes_i(load_writes), .flush_writes_i(flush_writes), .flush_reads_i(flush_reads),
      .data_i(in_data_i), .data_o(above)
    );
  end else begin : gen_one_row
    assign column = in_data_i;
  end
  // Likewise line m of columns, m + 1 columns of taps to the left, in the pixels beside the map. Below it
  // the flush alone steps through them: of the next frame's columns none is needed yet.
  if (KernelW > 1) begin : gen_columns
    localparam int HIGH    = KernelH * Width;
    localparam int COLUMNS = KernelW - 1;
    logic [COLUMNS*HIGH-1:0] left;
    logic [COLUMNS-1:0]      load_writes, flush_writes, flush_reads;
    logic                    beside;  // the load has come to the pixels beside the map
    if (PadRight == 0) begin : gen_never_beside
      assign beside = 1'b0;
    end else begin : gen_beside
      assign beside = y_q == Y_WIDTH'(PadBottom);
    end
    for (genvar m = 0; m < COLUMNS; m++) begin : gen_column
      localparam int OWN = m * DilationW;  // pixels in which the flush writes it
      for (genvar k = 0; k < KernelH; k++) begin : gen_left_tap
        assign taps[(k*KernelW+KernelW-2-m)*Width +: Width] = left[m*HIGH+k*Width +: Width];
      end
      if (OWN == 0) begin : gen_newest
        assign load_writes[m]  = ~tail_q | beside;
        assign flush_writes[m] = below_q;
      end else if (OWN >= PadRight) begin : gen_all_pixels
        assign load_writes[m]  = ~tail_q;
        assign flush_writes[m] = tail_q;
      end else begin : gen_some_pixels
        assign load_writes[m]  = ~tail_q | (beside && x_q >= X_WIDTH'(OWN));
        assign flush_writes[m] = below_q | (tail_q && tail_x_q < X_WIDTH'(OWN));
      end
      if (OWN + DilationW >= PadRight) begin : gen_read_all
        assign flush_reads[m] = tail_d;
      end else begin : gen_read_some
        assign flush_reads[m] = below_d | (tail_d && tail_x_d < X_WIDTH'(OWN + DilationW));
      end
    end
    for (genvar k = 0; k < KernelH; k++) begin : gen_tap
      assign taps[(k*KernelW+KernelW-1)*Width +: Width] = column[k*Width +: Width];
    end
    hwg_tap_lines #(
      .Width(HIGH), .Lines(COLUMNS), .Depth(DilationW*CF), .RamStyle(ColumnRam)
    ) u_columns (
      .clk_i(clk_i), .rst_ni(rst_ni), .load_i(load), .flush_i(flush), .start_i(frame_last),
      .load_writes_i(load_writes), .flush_writes_i(flush_writes), .flush_reads_i(flush_reads),
      .data_i(column), .data_o(left)
    );
  end else begin : gen_one_column
    assign taps = column;
  end

  // -- Output registers; what is outside of the map is set to Pad on the way in.
  logic               emit;
  logic [KernelH-1:0] row_out;     // rows of taps outside of the map
  logic [KernelW-1:0] column_out;  // columns
  assign emit = due & keep & (tail_q ? flush : load);
  for (genvar k = 0; k < KernelH; k++) begin : gen_row_out
    localparam int FIRST = PadTop - k * DilationH;      // the least i at which the row is inside
    localparam int END   = H + PadTop - k * DilationH;  // the least at which it is below
    logic above, below;
    if (FIRST <= 0) begin : gen_never_above
      assign above = 1'b0;
    end else begin : gen_above
      assign above = 32'(i_q) < 32'(FIRST);
    end
    if (END >= OUT_H) begin : gen_never_below
      assign below = 1'b0;
    end else begin : gen_below
      assign below = 32'(i_q) >= 32'(END);
    end
    assign row_out[k] = above | below;
  end
  for (genvar k = 0; k < KernelW; k++) begin : gen_column_out
    localparam int FIRST = PadLeft - k * DilationW;
    localparam int END   = W + PadLeft - k * DilationW;
    logic ahead, behind;
    if (FIRST <= 0) begin : gen_never_ahead
      assign ahead = 1'b0;
    end else begin : gen_ahead
      assign ahead = 32'(j_q) < 32'(FIRST);
    end
    if (END >= OUT_W) begin : gen_never_behind
      assign behind = 1'b0;
    end else begin : gen_behind
      assign behind = 32'(j_q) >= 32'(END);
    end
    assign column_out[k] = ahead | behind;
  end

  logic [WORD_WIDTH-1:0] word_q;
  for (genvar t = 0; t < TAPS; t++) begin : gen_out
    always_ff @(posedge clk_i) begin
      if (emit) begin
        if (row_out[t/KernelW] || column_out[t%KernelW]) word_q[t*Width +: Width] <= Pad;
        else word_q[t*Width +: Width] <= taps[t*Width +: Width];
      end
    end
  end
  if (Border != 0) begin : gen_border
    always_ff @(posedge clk_i) begin
      if (emit) word_q[TAPS*Width +: EDGE] <= {column_out, row_out};
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni)   valid_q <= 1'b0;
    else if (emit) valid_q <= 1'b1;
    else if (ready) valid_q <= 1'b0;
  end
  if (TapByTap != 0) begin : gen_taps
    hwg_narrow #(.Width(Width), .Parts(TAPS), .Count(TAPS)) u_taps (
      .clk_i(clk_i), .rst_ni(rst_ni),
      .in_valid_i(valid_q), .in_ready_o(ready), .in_data_i(word_q),
      .out_valid_o(out_valid_o), .out_ready_i(out_ready_i), .out_data_o(out_data_o)
    );
  end else begin : gen_whole
    assign ready       = out_ready_i;
    assign out_valid_o = valid_q;
    assign out_data_o  = word_q;
  end

endmodule

`default_nettype wire
