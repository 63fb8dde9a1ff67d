"""Seconds of WAV files that Python's own library writes."""

import base64
import io
import wave

import pytest

from tokenizer_registry.chat.base64_bytes import Base64Bytes
from tokenizer_registry.chat.sound_lengths import wav_seconds


def wav(seconds: float, rate: int, channels: int) -> bytes:
    """Return a silent WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(round(seconds * rate) * channels * 2))
    return buffer.getvalue()


@pytest.mark.parametrize(("seconds", "rate", "channels"), [(1.0, 8_000, 1), (3.7, 24_000, 1), (0.5, 44_100, 2)])
def test_a_wav_file_has_its_length(seconds: float, rate: int, channels: int) -> None:
    """By bytes a second, whatever the rate and the channels."""
    found = wav_seconds(Base64Bytes(base64.b64encode(wav(seconds, rate, channels)).decode()))
    assert found == pytest.approx(seconds)


def test_a_stated_length_beyond_the_file_is_not_believed() -> None:
    """Streams write the largest number there is."""
    data = bytearray(wav(2.0, 8_000, 1))
    data[40:44] = b"\xff\xff\xff\xff"
    assert wav_seconds(Base64Bytes(base64.b64encode(bytes(data)).decode())) == pytest.approx(2.0)


@pytest.mark.parametrize("data", [b"", b"RIFF", b"ID3\x04" + bytes(40), b"RIFF\0\0\0\0WAVE" + b"LIST\0\0\0\0" * 500])
def test_other_files_have_no_length(data: bytes) -> None:
    """Nor have files that never come to their data."""
    assert wav_seconds(Base64Bytes(base64.b64encode(data).decode())) is None
