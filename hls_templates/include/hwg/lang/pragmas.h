// SPDX-License-Identifier: Apache-2.0
/// Pragmas of HLS tools behind names that are empty on the host.
///
/// HWG_VITIS is for Vitis HLS and Vivado HLS, HWG_CATAPULT for Catapult, HWG_INTEL for Intel's HLS
/// compiler and oneAPI. The scripts of a build set them.
///
///   HWG_TOP            before the top function
///   HWG_TOP_BODY       first in it: a sample every cycle
///   HWG_LAYER          first in a layer's function: a sample every cycle; sums stay as they are
///                      written, or the tool would rebalance the shared adder graph
///   HWG_CORE           first in a function that is called for every word: it is part of its caller
///   HWG_PROCESS        first in a stage of a stream design: a process of its own
///   HWG_DATAFLOW       behind the streams of a stream design: what follows runs at the same time
///   HWG_RUN(call)      such a call
///   HWG_DEPTH(name, n) the stream holds up to n words
///   HWG_WORDS(name, n) n neighbours of an array of constants are read at once
///   HWG_ARRAY(name)    the array travels as one word, element 0 in the lowest bits
///   HWG_SPREAD(name)   a local array: an element a wire
///   HWG_AXIS_BODY      first in a function of streams: it runs whenever there is a word
///   HWG_AXIS(name)     the stream is an AXI-Stream
///   HWG_UNROLL         before a loop of few turns: all at once
///   HWG_INLINE         first in a small function that has no other pragma
///   HWG_PIPELINE_LOOP  first in a loop: a turn every cycle (Catapult and Intel: before the loop)
#ifndef HWG_LANG_PRAGMAS_H
#define HWG_LANG_PRAGMAS_H

#define HWG_DO_PRAGMA(x) _Pragma(#x)

#if !defined(HWG_BOUNDED)
#define HWG_RUN(...) __VA_ARGS__
#endif

#if defined(HWG_VITIS)

#define HWG_TOP
#define HWG_TOP_BODY HWG_DO_PRAGMA(HLS pipeline II = 1)
#define HWG_LAYER \
  HWG_DO_PRAGMA(HLS inline off) \
  HWG_DO_PRAGMA(HLS pipeline II = 1) \
  HWG_DO_PRAGMA(HLS expression_balance off)
#define HWG_CORE HWG_DO_PRAGMA(HLS expression_balance off)
#define HWG_PROCESS HWG_DO_PRAGMA(HLS inline off)
#define HWG_DATAFLOW HWG_DO_PRAGMA(HLS dataflow)
#define HWG_DEPTH(name, n) HWG_DO_PRAGMA(HLS stream variable = name depth = n)
#define HWG_WORDS(name, n) HWG_DO_PRAGMA(HLS array_reshape variable = name cyclic factor = n)
#define HWG_ARRAY(name) HWG_DO_PRAGMA(HLS array_reshape variable = name complete)
#define HWG_SPREAD(name) HWG_DO_PRAGMA(HLS array_partition variable = name complete)
#define HWG_AXIS_BODY HWG_DO_PRAGMA(HLS interface ap_ctrl_none port = return)
#define HWG_AXIS(name) HWG_DO_PRAGMA(HLS interface axis port = name)
#define HWG_UNROLL
#define HWG_UNROLL_BODY HWG_DO_PRAGMA(HLS unroll)
#define HWG_INLINE HWG_DO_PRAGMA(HLS inline)
#define HWG_PIPELINE_LOOP HWG_DO_PRAGMA(HLS pipeline II = 1)

#elif defined(HWG_CATAPULT)

#define HWG_TOP HWG_DO_PRAGMA(hls_design top)
#define HWG_TOP_BODY
#define HWG_LAYER
#define HWG_CORE
#define HWG_PROCESS
#define HWG_DATAFLOW
#define HWG_DEPTH(name, n)
#define HWG_WORDS(name, n)
#define HWG_ARRAY(name)
#define HWG_SPREAD(name)
#define HWG_AXIS_BODY
#define HWG_AXIS(name)
#define HWG_UNROLL HWG_DO_PRAGMA(hls_unroll yes)
#define HWG_UNROLL_BODY
#define HWG_INLINE
#define HWG_PIPELINE_LOOP

#elif defined(HWG_INTEL)

#define HWG_TOP hls_component_ii(1) component
#define HWG_TOP_BODY
#define HWG_LAYER
#define HWG_CORE
#define HWG_PROCESS
#define HWG_DATAFLOW
#define HWG_DEPTH(name, n)
#define HWG_WORDS(name, n)
#define HWG_ARRAY(name)
#define HWG_SPREAD(name)
#define HWG_AXIS_BODY
#define HWG_AXIS(name)
#define HWG_UNROLL HWG_DO_PRAGMA(unroll)
#define HWG_UNROLL_BODY
#define HWG_INLINE
#define HWG_PIPELINE_LOOP

#else

#define HWG_TOP
#define HWG_TOP_BODY
#define HWG_LAYER
#define HWG_CORE
#define HWG_PROCESS
#if !defined(HWG_BOUNDED)
#define HWG_DATAFLOW
#define HWG_DEPTH(name, n)
#endif
#define HWG_WORDS(name, n)
#define HWG_ARRAY(name)
#define HWG_SPREAD(name)
#define HWG_AXIS_BODY
#define HWG_AXIS(name)
#define HWG_UNROLL
#define HWG_UNROLL_BODY
#define HWG_INLINE
#define HWG_PIPELINE_LOOP

#endif

#if defined(HWG_INTEL)
#include "HLS/hls.h"
#endif

#endif
