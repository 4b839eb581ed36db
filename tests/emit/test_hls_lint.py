# SPDX-License-Identifier: Apache-2.0
"""Dialect of the C++: generated code and twins keep it, and the lint finds what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwgen import paths
from hwgen.emit.hls.design import emit_hls
from hwgen.verify.self_check import make_vectors
from tests.emit.hls_lint import problems
from tests.emit.test_hls import DEVICE, GRAPHS, made

# What the lint finds and is meant: the queue of streams and the threads on the host, and loops that
# end with a frame or a tensor, however long that is.
_BLOCKS = "a loop whose bound is no constant: number < blocks"
HOST = {
    "stream.h": ["the standard library", "an exception"],
    "frame.h": ["a loop without a counter"],
    "dma_writer.h": [_BLOCKS],
    "dma_reader.h": [_BLOCKS],
    "codec_dma.h": [_BLOCKS, _BLOCKS],
    "processes.h": [
        "the standard library", "a thread", "a loop without a counter",
        "a loop whose bound is no constant: i < all_.size()", "recursion of empty",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", GRAPHS)
def test_generated_code_keeps_the_dialect(name: str) -> None:
    graph = GRAPHS[name]()
    vectors = make_vectors(graph, 4, 1)
    for path, content in emit_hls(made(graph), DEVICE, vectors.inputs, vectors.outputs):
        text = content.decode()
        if path.endswith((".cpp", ".h")) and "_bench" not in path:
            assert problems(text) == HOST.get(Path(path).name, []), path
            assert text.isascii()
        if "/hwg/" not in path and path.endswith((".cpp", ".h")):
            longest = max(text.splitlines(), key=len)
            assert len(longest) <= 130, f"{path}: {longest}"


def test_twins_keep_the_dialect() -> None:
    headers = sorted((paths.hls_templates() / "include").rglob("*.h"))
    assert len(headers) >= 8
    for header in headers:
        text = header.read_text("utf-8")
        assert text.startswith("// SPDX-License-Identifier: Apache-2.0\n///"), header.name
        assert problems(text) == HOST.get(header.name, []), header.name


OFFENCES = {
    "int* p = new int[4];": "dynamic memory",
    "std::vector<int> v;": "the standard library",
    "#include <vector>": "the standard library",
    "struct A { virtual void f(); };": "a virtual function",
    "void f() { throw 1; }": "an exception",
    "void f(A* a) { dynamic_cast<B*>(a); }": "run-time type information",
    "void f(int* a) { long b = *(long*)a; }": "a pointer cast",
    "void f(int** a);": "a pointer to a pointer",
    "void (*g)(int);": "a pointer to a function",
    "void f() { goto end; end: ; }": "a jump",
    'void f() { asm("nop"); }': "assembler",
    "thread_local int x;": "a thread",
    "void f() { const float x = 1; }": "floating point",
    "void f(int n) { while (n > 0) --n; }": "a loop without a counter",
    "#pragma HLS pipeline": "a pragma that is no macro",
    "void f() { auto x = 1; }": "C++14 or later",
    "template <int N> void f() { if constexpr (N > 1) return; }": "C++14 or later",
    "int counter = 0;": "a variable of the whole program",
    "void f(int n) { for (int i = 0; i < n; ++i) g(i); }": "bound is no constant",
    "void f() { for (int i = 1; i < 4; ++i) g(i); }": "does not begin at 0",
    "void f() { for (int i = 0; i < 4; i += 2) g(i); }": "does not count by one",
    "void f(int n) { if (n) f(n - 1); }": "recursion of f",
    "void f(int n) { g(n); }\nvoid g(int n) { f(n); }": "recursion of f",
}


@pytest.mark.parametrize("source", OFFENCES)
def test_an_offence_is_found(source: str) -> None:
    assert any(OFFENCES[source] in problem for problem in problems(source)), problems(source)
