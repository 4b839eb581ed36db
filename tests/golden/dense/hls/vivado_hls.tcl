# SPDX-License-Identifier: LicenseRef-Generated
# C synthesis of hwg_dense with Vivado HLS (up to 2020.1), written by hwgen. Run in this folder:
#   vivado_hls -f vivado_hls.tcl
# The test bench ends the script if a number differs.
open_project -reset project
# For AXI-Stream, a frame a sample: top and bench hwg_dense_axis, and its source beside the first.
set_top hwg_dense
add_files hwg_dense.cpp -cflags "-std=c++0x -I. -DHWG_AP -DHWG_VITIS"
add_files -tb hwg_dense_bench.cpp -cflags "-std=c++0x -I. -DHWG_AP"
add_files -tb hwg_dense_vectors.dat
open_solution -reset solution
set_part xcvu9p
create_clock -period 4.000 -name default
config_array_partition -maximum_size 65536
csim_design
csynth_design
cosim_design -rtl verilog
export_design -format ip_catalog -rtl verilog
exit
