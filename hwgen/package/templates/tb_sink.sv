/// Takes AXI-Stream frames and compares every beat with a file. For simulation.
`default_nettype none

module hwg_tb_sink #(
  parameter int DataWidth = 64,
  parameter int Beats     = 1,         // of a sample
  parameter int Bytes     = 1,         // of a sample
  parameter int Samples   = 1,         // in the file
  parameter int Seed      = 1,
  parameter     File      = "out.mem"  // a beat a line, hexadecimal
) (
  input  wire logic                   clk_i,
  input  wire logic                   run_i,    // low: start over
  input  wire logic                   many_i,   // all samples in one frame
  input  wire logic                   stall_i,  // gaps between beats
  input  wire logic                   blind_i,  // results mean nothing: compare none
  output logic      [31:0]            beats_o,  // taken
  output logic      [31:0]            wrong_o,
  input  wire logic [DataWidth-1:0]   tdata_i,
  input  wire logic [DataWidth/8-1:0] tkeep_i,
  input  wire logic                   tlast_i,
  input  wire logic                   tvalid_i,
  output logic                        tready_o
);

  localparam int SPARE = Beats * DataWidth / 8 - Bytes;  // bytes of the last beat

  logic [DataWidth-1:0]   memory [0:Samples*Beats-1];
  logic [DataWidth/8-1:0] keep;
  logic [31:0]            noise;
  logic                   final_beat, last;
  integer                 place;

  initial begin
    $readmemh(File, memory);
    noise    = Seed * 32'd2246822519 + 32'd1;
    beats_o  = 0;
    wrong_o  = 0;
    tready_o = 1'b0;
  end

  always @(posedge clk_i) begin
    noise <= {noise[30:0], noise[31] ^ noise[21] ^ noise[1] ^ noise[0]};
    tready_o <= run_i && (!stall_i || noise[1:0] == 2'd0);
    if (!run_i) begin
      beats_o <= 0;
      wrong_o <= 0;
    end else if (tvalid_i && tready_o) begin
      place      = beats_o % (Samples * Beats);
      final_beat = place % Beats == Beats - 1;
      last       = many_i ? place == Samples * Beats - 1 : final_beat;
      keep       = '1;
      if (final_beat && !many_i) keep = keep >> SPARE;
      if (!blind_i && (tdata_i !== memory[place] || tkeep_i !== keep || tlast_i !== last)) begin
        if (wrong_o < 5)
          $display("%m: sample %0d beat %0d: %h keep %b last %b, expected %h keep %b last %b",
            place / Beats, place % Beats, tdata_i, tkeep_i, tlast_i, memory[place], keep, last);
        wrong_o <= wrong_o + 1;
      end
      beats_o <= beats_o + 1;
    end
  end

endmodule

`default_nettype wire
