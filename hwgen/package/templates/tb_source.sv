/// Sends the samples of a file as AXI-Stream frames, with seeded gaps if asked. For simulation.
`default_nettype none

module hwg_tb_source #(
  parameter int DataWidth = 64,
  parameter int Beats     = 1,        // of a sample
  parameter int Samples   = 1,        // in the file
  parameter int Seed      = 1,
  parameter     File      = "in.mem"  // a beat a line, hexadecimal
) (
  input  wire logic                   clk_i,
  input  wire logic                   run_i,    // low: start over
  input  wire logic                   many_i,   // all samples in one frame
  input  wire logic                   stall_i,  // gaps between beats
  input  wire logic                   cut_i,    // break the first frame
  input  wire logic [31:0]            count_i,  // samples to send
  output logic                        done_o,
  output logic      [DataWidth-1:0]   tdata_o,
  output logic      [DataWidth/8-1:0] tkeep_o,
  output logic                        tlast_o,
  output logic                        tvalid_o,
  input  wire logic                   tready_i
);

  logic [DataWidth-1:0] memory [0:Samples*Beats-1];
  logic [31:0]          noise;
  integer               place, limit, row;

  initial begin
    $readmemh(File, memory);
    noise    = Seed * 32'd2654435761 + 32'd1;
    place    = 0;
    limit    = 0;
    row      = 0;
    done_o   = 1'b0;
    tdata_o  = '0;
    tkeep_o  = '0;
    tlast_o  = 1'b0;
    tvalid_o = 1'b0;
  end

  always @(posedge clk_i) begin
    noise <= {noise[30:0], noise[31] ^ noise[21] ^ noise[1] ^ noise[0]};
    if (!run_i) begin
      place    <= 0;
      done_o   <= 1'b0;
      tvalid_o <= 1'b0;
    end else if (!tvalid_o || tready_i) begin
      limit = count_i * Beats;
      row   = place / Beats;
      if (place == limit) begin
        tvalid_o <= 1'b0;
        done_o   <= 1'b1;
      end else if (stall_i && noise[1:0] != 2'd0) begin
        tvalid_o <= 1'b0;
      end else begin
        tvalid_o <= 1'b1;
        tdata_o  <= memory[place];
        tkeep_o  <= (cut_i && place == 0) ? '0 : '1;
        tlast_o  <= many_i ? place == limit - 1 : place == row * Beats + Beats - 1;
        place    <= place + 1;
      end
    end
  end

endmodule

`default_nettype wire
