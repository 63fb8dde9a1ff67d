"""Reading parts of base64 gives what decoding all of it gives."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from tokenizer_registry.chat.base64_bytes import Base64Bytes


@given(data=st.binary(max_size=100), offset=st.integers(0, 110), size=st.integers(0, 110))
def test_any_part_is_that_of_the_whole(data: bytes, offset: int, size: int) -> None:
    """In both alphabets, with and without padding."""
    for text in (base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode().rstrip("=")):
        found = Base64Bytes(text)
        assert found.read(offset, size) == data[offset : offset + size]
        assert found.size == len(data)
