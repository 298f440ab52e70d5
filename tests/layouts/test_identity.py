import pytest
from hypothesis import given
from hypothesis import strategies as st

from layouts.identity import ALPHABET, CodeError, Identity, Key, SerialError, readable

KEY, OTHER = Key(b"k" * 32), Key(b"o" * 32)


def test_a_serial_is_read_back_however_it_is_typed():
    serial = KEY.new_serial()
    assert KEY.check_serial(readable(serial)) == serial
    assert KEY.check_serial(f" {serial.lower()} ") == serial
    wide = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
    assert KEY.check_serial(readable(serial).lower().translate(wide)) == serial, "as Chinese keyboards type"
    assert KEY.check_serial(readable(serial).replace("-", "—")) == serial
    assert KEY.check_serial(serial.replace("0", "O").replace("1", "l")) == serial


@given(st.integers(0, 11), st.integers(0, 11), st.sampled_from(ALPHABET), st.sampled_from(ALPHABET))
def test_any_one_or_two_wrong_characters_are_noticed(i, j, a, b):
    serial = KEY.new_serial()
    wrong = list(serial)
    wrong[i], wrong[j] = a, b
    if "".join(wrong) != serial:
        with pytest.raises(SerialError):
            KEY.check_serial("".join(wrong))


@given(st.integers(0, 11), st.integers(0, 11))
def test_any_two_characters_swapped_are_noticed(i, j):
    serial = KEY.new_serial()
    wrong = list(serial)
    wrong[i], wrong[j] = wrong[j], wrong[i]
    if "".join(wrong) != serial:
        with pytest.raises(SerialError):
            KEY.check_serial("".join(wrong))


@given(st.from_regex(r"\A[0-9A-Z][0-9A-Z-]{0,5}\Z"), st.integers(1, 9))
def test_a_code_fits_version_2_q_and_says_what_went_in(form, page):
    identity = Identity(KEY.new_serial(), form, page)
    code = KEY.encode(identity)
    assert len(code) <= 29
    assert set(code) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-")
    assert KEY.decode(code) == identity


@given(st.data())
def test_a_code_with_any_character_changed_is_refused(data):
    code = KEY.encode(Identity(KEY.new_serial(), "2-5", 1))
    place = data.draw(st.integers(0, len(code) - 1))
    other = data.draw(st.sampled_from([c for c in ALPHABET + "-" if c != code[place]]))
    with pytest.raises(CodeError):
        KEY.decode(code[:place] + other + code[place + 1 :])


def test_a_code_of_another_key_is_forged_and_of_another_kind_is_foreign():
    code = OTHER.encode(Identity(OTHER.new_serial(), "2-5", 1))
    with pytest.raises(CodeError) as forged:
        KEY.decode(code)
    with pytest.raises(CodeError) as foreign:
        KEY.decode("https://example.com/")
    assert (forged.value.foreign, foreign.value.foreign) == (False, True)


def test_a_key_file_is_private_and_never_overwritten(tmp_path):
    path = tmp_path / "secret.key"
    key = Key.create(path)
    assert Key.load(path) == key
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(FileExistsError):
        Key.create(path)
