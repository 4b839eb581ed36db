# SPDX-License-Identifier: Apache-2.0
"""Identity of a core in catalogues: set by the user, one for each training, legal everywhere."""

from __future__ import annotations

import dataclasses
import json

import pytest
from lxml import etree

from hwgen.api import pack
from hwgen.errors import ConfigError
from hwgen.package.identity import Listing
from hwgen.package.network.ip import network_ip
from tests.package.conftest import Packed
from tests.package.test_ipxact import NS


def test_a_user_names_the_core_in_every_catalogue(tiny: Packed) -> None:
    listing = Listing("cern.ch", "l1-trigger", "jet_tagger", "2.1.0", 7)
    files = pack.packed(tiny.build, listing=listing)
    vlnv = "cern.ch:l1-trigger:jet_tagger:2.1.0"
    root = etree.fromstring(files["component.xml"])
    assert [root.findtext(f"x:{part}", namespaces=NS)
            for part in ("vendor", "library", "name", "version")] == vlnv.split(":")  # fmt: skip
    assert f"name: {vlnv}-r7\n" in files["hwg_tiny.core"].decode()
    script = files["vivado/package_ip.tcl"].decode()
    assert "-vendor cern.ch -library l1-trigger " in script
    for line in ("name jet_tagger", "version 2.1.0", "core_revision 7"):
        assert f"set_property {line} $core\n" in script
    readme = files["README.md"].decode()
    assert f"Catalogues list it as `{vlnv}`, revision 7." in readme
    assert f"fusesoc run --target=sim {vlnv}-r7\n" in readme
    assert json.loads(files["manifest.json"])["vlnv"] == vlnv
    # Nothing but the names in catalogues changes.
    plain = pack.packed(tiny.build)
    changed = {path for path, content in files if plain[path] != content}
    assert changed == {"component.xml", "hwg_tiny.core", "vivado/package_ip.tcl", "README.md",
                       "manifest.json"}  # fmt: skip


def test_two_trainings_of_one_name_are_two_cores(tiny: Packed) -> None:
    other = dataclasses.replace(tiny.core, model=tiny.core.model[::-1])
    found = [network_ip(core) for core in (tiny.core, other)]
    assert len({ip.identity.vlnv for ip in found}) == 2
    for ip in found:
        digest = ip.registers.resets()["digest_hi"]
        assert ip.identity.name == f"hwg_tiny_{digest:08x}"


@pytest.mark.parametrize(
    ("listing", "option"),
    [
        (Listing(vendor="my lab"), "--vendor"),
        (Listing(vendor=""), "--vendor"),
        (Listing(library="a:b"), "--library"),
        (Listing(library="\u00fcb"), "--library"),
        (Listing(name="jet-tagger"), "--ip-name"),
        (Listing(name="3jets"), "--ip-name"),
        (Listing(name="j" * 65), "--ip-name"),
        (Listing(version="1"), "--ip-version"),
        (Listing(version="1.2.3.4"), "--ip-version"),
        (Listing(version="v1.2"), "--ip-version"),
        (Listing(version="1.2\n"), "--ip-version"),
        (Listing(revision=0), "--revision"),
        (Listing(revision=1 << 31), "--revision"),
    ],
)
def test_names_that_a_catalogue_would_not_take_are_refused(
    listing: Listing, option: str, tiny: Packed
) -> None:
    with pytest.raises(ConfigError) as caught:
        pack.packed(tiny.build, listing=listing)
    assert caught.value.where == option
    assert caught.value.hint
