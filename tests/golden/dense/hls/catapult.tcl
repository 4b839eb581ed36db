# SPDX-License-Identifier: LicenseRef-Generated
# C synthesis of hwg_dense with Catapult, written by hwgen. Run in this folder:
#   catapult -shell -file catapult.tcl
# The technology is that of the part below; for an ASIC, name its library instead.
options set Input/CppStandard c++11
options set Input/CompilerFlags {-DHWG_AC -DHWG_CATAPULT}
options set Input/SearchPath {.} -append
project new -name catapult
flow package require /SCVerify
solution file add hwg_dense.cpp -type C++
solution file add hwg_dense_bench.cpp -type C++ -exclude true
directive set -DESIGN_HIERARCHY hwg_dense
go analyze
go compile
solution library add mgc_Xilinx-VIRTEX-uplus-2_beh -- -rtlsyntool Vivado -manufacturer Xilinx \
  -family VIRTEX-uplus -speed -2 -part xcvu9p
go libraries
directive set -CLOCKS {clk {-CLOCK_PERIOD 4.000 -CLOCK_EDGE rising -RESET_KIND sync}}
go assembly
directive set /hwg_dense/core/main -PIPELINE_INIT_INTERVAL 1
go architect
go extract
