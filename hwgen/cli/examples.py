# SPDX-License-Identifier: Apache-2.0
"""Examples of every verb, as its ``--help`` shows them; a test parses each."""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "load": ("hwgen load jet.h5 --input-format s16.10 -o jet.json",),
    "show": ("hwgen show jet.json --weights jet_weights.h5 --input-format s16.10",),
    "build": (
        "hwgen build jet.h5 -b vcu118 --clock 200MHz --input-format s16.10 -o out/jet",
        "hwgen build jet.h5 --config out/jet/config.toml -o out/again",
        "hwgen build jet.h5 -b vcu118 --hls -o out/jet",
        "hwgen build bn.h5 --input-format s12.8 --format '*=s16.9' -b zcu102 -o out/bn",
    ),
    "quantize": ("hwgen quantize float.h5 --data calib.npz --bits 6 -o float.json",),
    "crosscheck": ("hwgen crosscheck jet.h5 --data x_test.npy --input-format s16.10",),
    "estimate": (
        "hwgen estimate jet.h5 -b vu13p --trigger 'latency<100ns, lut<5%'",
        "hwgen estimate jet.h5 -b vu13p --compare clock=240MHz pruned.h5",
    ),
    "explore": ("hwgen explore jet.h5 -b vu13p,zcu102 --clock 200MHz:400MHz:50MHz -o out/sweep",),
    "sim": (
        "hwgen sim out/jet --samples 5000 --data x_test.npy",
        "hwgen sim out/jet --only 412 --waves",
    ),
    "verify": (
        "hwgen verify out/jet --data x_test.npy",
        "hwgen verify out/jet --against hls",
        "hwgen verify out/jet --prove",
    ),
    "predict": (
        "hwgen predict out/jet x_test.npy -o y.npy --apply-scaler",
        "hwgen predict out/jet x_test.npy -o y.npy --emulate",
    ),
    "emulate": ("hwgen emulate out/jet -o jet_emulator",),
    "report": ("hwgen report out/jet",),
    "synth": (
        "hwgen synth out/jet --route --seeds 5",
        "hwgen synth out/jet -b ulx3s --bitstream --test-clock 20MHz",
    ),
    "pack": ("hwgen pack out/jet --format ip-xact --vendor cern.ch",),
    "codec encode": ("hwgen codec encode maps.npy -o maps.hfm",),
    "codec decode": ("hwgen codec decode maps.hfm -o maps.npy",),
    "codec inspect": ("hwgen codec inspect maps.hfm --only-damaged",),
    "codec calibrate": ("hwgen codec calibrate net.h5 --data x.npy --error 0.01 -o plan.json",),
    "codec build": ("hwgen codec build --plan plan.json -b pynq_z2 -o out/codec",),
    "codec klt": ("hwgen codec klt plan.json -o klt",),
    "train": ("hwgen train mnist.npz -o out/bcnn --network cnn",),
    "boards": ("hwgen boards --json",),
    "ops": ("hwgen ops",),
    "doctor": ("hwgen doctor",),
    "demo": ("hwgen demo -o out/demo",),
    "bench": ("hwgen bench",),
    "completion": ("hwgen completion bash > ~/.local/share/bash-completion/completions/hwgen",),
}
