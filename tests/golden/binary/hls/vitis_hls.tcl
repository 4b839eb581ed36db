# SPDX-License-Identifier: LicenseRef-Generated
# C synthesis of hwg_binary with Vitis HLS, written by hwgen. Run in this folder:
#   vitis_hls -f vitis_hls.tcl                      (2020.1 to 2024.1)
#   vitis-run --mode hls --tcl vitis_hls.tcl        (from 2024.2)
# The test bench ends the script if a number differs.
open_project -reset project
# For AXI-Stream, a frame a sample: top and bench hwg_binary_axis, and its source beside the first.
set_top hwg_binary
add_files hwg_binary.cpp -cflags "-std=c++11 -I. -DHWG_AP -DHWG_VITIS"
add_files -tb hwg_binary_bench.cpp -cflags "-std=c++11 -I. -DHWG_AP"
add_files -tb hwg_binary_vectors.dat
open_solution -reset -flow_target vivado solution
set_part xcvu9p
create_clock -period 4.000 -name default
config_op add -impl fabric
config_op sub -impl fabric
csim_design
csynth_design
cosim_design -rtl verilog
export_design -format ip_catalog -rtl verilog
exit
