"""Personal data at rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import StoreError
from storage.sealing import (
    Sealed,
    Sealer,
    add_key,
    load_sealer,
    masked_address,
    masked_identity_card,
    masked_name,
    masked_phone,
)

PLACE = "driver.phone"


@pytest.fixture(scope="module")
def sealer(tmp_path_factory: pytest.TempPathFactory) -> Sealer:
    return load_sealer(tmp_path_factory.mktemp("keys") / "secrets" / "personal.key")


@given(text=st.text(st.characters(exclude_categories=("Cs",)), max_size=200))
def test_sealed_text_opens_again_and_is_never_the_same_twice(sealer: Sealer, text: str) -> None:
    first, second = sealer.seal(text, PLACE), sealer.seal(text, PLACE)
    assert sealer.unseal(first, PLACE) == sealer.unseal(second, PLACE) == text
    assert first != second and (len(text) < 4 or text.encode() not in first)


@given(place=st.integers(0, 43), bit=st.integers(0, 7))
def test_any_flipped_bit_is_refused(sealer: Sealer, place: int, bit: int) -> None:
    sealed = bytearray(sealer.seal("13812345678", PLACE))
    sealed[place] ^= 1 << bit
    with pytest.raises(StoreError):
        sealer.unseal(bytes(sealed), PLACE)


def test_sealed_text_opens_in_its_place_alone(sealer: Sealer) -> None:
    with pytest.raises(StoreError, match="belongs elsewhere"):
        sealer.unseal(sealer.seal("13812345678", PLACE), "driver.identity_card")
    with pytest.raises(StoreError, match="no sealed text"):
        sealer.unseal(b"", PLACE)


def test_the_index_finds_equal_text_however_it_is_written(sealer: Sealer) -> None:
    assert sealer.index("11010519491231002x", PLACE) == sealer.index(" 110105 19491231 002X ", PLACE)
    assert sealer.index("138-1234-5678", PLACE) == sealer.index("１３８１２３４５６７８", PLACE)
    assert sealer.index("13812345678", PLACE) != sealer.index("13812345679", PLACE)
    assert sealer.index("13812345678", PLACE) != sealer.index("13812345678", "driver.other")


def test_rotated_keys_unseal_what_old_ones_sealed(tmp_path: Path) -> None:
    path = tmp_path / "personal.key"
    old = load_sealer(path)
    sealed, index = old.seal("13812345678", PLACE), old.index("13812345678", PLACE)
    added = add_key(path)
    new = load_sealer(path)
    assert new.unseal(sealed, PLACE) == "13812345678" and new.index("13812345678", PLACE) == index
    assert not new.fresh(sealed)
    again = new.seal("13812345678", PLACE)
    assert new.fresh(again) and again[1:5].hex() == added
    with pytest.raises(StoreError, match=added):
        old.unseal(again, PLACE)


def test_the_key_file_is_private_and_never_made_anew_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "personal.key"
    load_sealer(path)
    assert path.stat().st_mode & 0o077 == 0
    before = path.read_bytes()
    load_sealer(path)
    assert path.read_bytes() == before
    path.chmod(0o644)
    with pytest.raises(StoreError, match="chmod 600"):
        load_sealer(path)
    path.unlink()
    with pytest.raises(StoreError, match="restore the key file"):
        load_sealer(path)


@pytest.mark.parametrize(
    "text", ["", "seal abc\n", f"seal {'0' * 64}\n", f"index {'0' * 64}\n", f"index {'0' * 64}\n" * 2 + f"seal {'1' * 64}"]
)
def test_a_broken_key_file_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "personal.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(StoreError, match="restore it from its backup"):
        load_sealer(path)


def test_masks() -> None:
    assert masked_phone("138 1234 5678") == "138****5678"
    assert masked_phone("0571-87654321") == "057*****4321"
    assert masked_phone("12315") == "***15"
    assert masked_identity_card("110105194912310021") == "110***********0021"
    assert masked_identity_card("110105491231002") == "110********1002"
    assert masked_identity_card("E12345678") == "*******78"
    assert [masked_name(name) for name in ("张三", "欧阳小明", "李", "", "Christopher")] == ["张*", "欧***", "李", "", "C***"]
    assert masked_address("浙江省杭州市余杭区文一西路969号3幢") == "浙江省杭州市余杭区****"
    assert masked_address("幸福村12组7号") == "幸福村1****"


def test_nothing_known_is_three_nulls(sealer: Sealer) -> None:
    assert sealer.field(None, PLACE, masked_phone) == sealer.field("  ", PLACE, masked_phone) == Sealed()
    known = sealer.field(" 13812345678 ", PLACE, masked_phone)
    assert known.masked == "138****5678" and known.sealed is not None and sealer.unseal(known.sealed, PLACE) == "13812345678"
